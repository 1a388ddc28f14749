#include <algorithm>
#include <set>

#include "server/support/server_test.hpp"

namespace leat::server {
namespace {

using native::AlterTopic;
using native::CreateTopic;
using native::DeleteTopic;
using native::DescribeTopic;
using native::ListTopics;
using native::TopicReply;

class Topics : public ServerTest {
 protected:
  Topics() { config.limits.topics_max = 2000; }
  Errc refusal_of(const native::Message& request) { return client().ask(request).error_code(); }
  native::TopicInfo describe(const std::string& name) { return client().ask_for<TopicReply>(DescribeTopic{name}).value().topic; }
  /// Every page, and how many there were.
  std::pair<std::vector<std::string>, int> list_all() {
    RawClient lister = client();
    std::vector<std::string> names;
    for (int pages = 1;; ++pages) {
      const auto page = lister.ask_for<native::TopicListReply>(ListTopics{names.empty() ? std::string() : names.back()}).value();
      for (const native::TopicInfo& topic : page.topics) names.push_back(topic.name);
      if (!page.more) return {names, pages};
    }
  }
};

std::string value_of(const native::TopicInfo& topic, const std::string& key) {
  const auto found = std::ranges::find(topic.settings, key, &native::Setting::key);
  return found == topic.settings.end() ? "missing" : found->value + (found->is_default ? " by default" : "");
}

TEST_F(Topics, ACreatedTopicIsDescribedAsItIs) {
  start();
  const native::TopicInfo made = create("orders", 4, {{"retention.ms", "5000"}});
  EXPECT_EQ(made.name, "orders");
  EXPECT_EQ(made.partitions.size(), 4U);
  EXPECT_EQ(value_of(made, "retention.ms"), "5000");
  EXPECT_EQ(value_of(made, "durability"), "durable by default");
  EXPECT_EQ(describe("orders"), made);
}

TEST_F(Topics, NoPartitionsMeansTheBrokersDefault) {
  config.topic_defaults.partitions = 3;
  start();
  EXPECT_EQ(create("orders", 0).partitions.size(), 3U);
}

TEST_F(Topics, EveryImpossibleTopicIsRefused) {
  start();
  create("taken");
  EXPECT_EQ(refusal_of(CreateTopic{"taken", 1, {}}), Errc::topic_exists);
  for (const char* name : {"", ".", "..", "a b", "a/b", "__own", "umläut", "new\nline"}) {
    EXPECT_EQ(refusal_of(CreateTopic{name, 1, {}}), Errc::invalid_topic_name) << name;
  }
  EXPECT_EQ(refusal_of(CreateTopic{std::string(250, 'a'), 1, {}}), Errc::invalid_topic_name);
  EXPECT_EQ(refusal_of(CreateTopic{"a", 1, {{"colour", "red"}}}), Errc::invalid_argument);
  EXPECT_EQ(refusal_of(CreateTopic{"a", 1, {{"retention.ms", "soon"}}}), Errc::invalid_argument);
  EXPECT_EQ(refusal_of(CreateTopic{"a", 1, {{"retention.ms", "1"}, {"retention.ms", "2"}}}), Errc::invalid_argument);
  EXPECT_EQ(refusal_of(CreateTopic{"a", -1, {}}), Errc::malformed_frame);
  EXPECT_EQ(refusal_of(DescribeTopic{"a"}), Errc::unknown_topic) << "nothing was made of any of them";
  EXPECT_EQ(create(std::string(249, 'a')).partitions.size(), 1U);
}

TEST_F(Topics, SettingsMayHaveUnits) {
  start();
  const native::TopicInfo made =
      create("orders", 1, {{"retention.ms", "7d"}, {"segment.bytes", "64MiB"}, {"retention.bytes", "-1"}});
  EXPECT_EQ(value_of(made, "retention.ms"), "604800000");
  EXPECT_EQ(value_of(made, "segment.bytes"), "67108864");
  EXPECT_EQ(value_of(made, "retention.bytes"), "-1");
  RawClient admin = client();
  ASSERT_TRUE(admin.ask_for<TopicReply>(AlterTopic{"orders", 0, {{"retention.ms", "12h"}, {"segment.bytes", ""}}}).has_value());
  EXPECT_EQ(value_of(describe("orders"), "retention.ms"), "43200000");
  EXPECT_EQ(value_of(describe("orders"), "segment.bytes"), "268435456 by default");
  const auto refused = admin.ask_for<TopicReply>(AlterTopic{"orders", 0, {{"retention.ms", "7 days"}}});
  EXPECT_EQ(refused.error().context,
            "retention.ms: '7 days' is not a duration such as 500 (milliseconds), 500ms, 10s, 5m, 2h or 7d");
}

TEST_F(Topics, ABatchMustFitAFrame) {
  config.limits.frame_bytes_max = 2 * kMiB;
  start();
  const auto refused = client().ask_for<TopicReply>(CreateTopic{"large", 1, {{"max.message.bytes", "2MiB"}}});
  EXPECT_EQ(refused.error().code, Errc::invalid_argument);
  EXPECT_THAT(refused.error().context, ::testing::HasSubstr("limits.frame_bytes_max"));
  const native::TopicPartition target = create_partition("fits", {{"max.message.bytes", std::to_string(2 * kMiB - 1024)}});
  EXPECT_EQ(refusal_of(AlterTopic{"fits", 0, {{"max.message.bytes", "3MiB"}}}), Errc::invalid_argument);
  EXPECT_TRUE(client().publish(target, large_batch(2 * kMiB - 1024 - 100)).has_value());
}

TEST_F(Topics, MoreThanAnAnswerCouldDescribeIsRefused) {
  config.limits.partitions_max = 1'000'000;
  start();
  EXPECT_EQ(refusal_of(CreateTopic{"wide", 1'000'000, {}}), Errc::invalid_argument);
  EXPECT_EQ(refusal_of(DescribeTopic{"wide"}), Errc::unknown_topic);
}

TEST_F(Topics, LimitsOfTopicsAndPartitionsHold) {
  config.limits.topics_max = 2;
  config.limits.partitions_max = 4;
  start();
  create("a", 2);
  EXPECT_EQ(refusal_of(CreateTopic{"b", 3, {}}), Errc::limit_reached);
  create("b", 1);
  EXPECT_EQ(refusal_of(CreateTopic{"c", 1, {}}), Errc::limit_reached);
  EXPECT_EQ(refusal_of(AlterTopic{"a", 4, {}}), Errc::limit_reached);
}

TEST_F(Topics, PartitionsGrowAndTakeRecordsAtOnce) {
  start();
  const native::TopicInfo before = create("orders", 1);
  RawClient admin = client();
  const native::TopicInfo after = admin.ask_for<TopicReply>(AlterTopic{"orders", 5, {}}).value().topic;
  EXPECT_EQ(after.partitions.size(), 5U);
  EXPECT_EQ(after.id, before.id);
  for (std::int32_t i = 0; i < 5; ++i) EXPECT_TRUE(admin.publish({after.id, PartitionId(i)}, batch_of({"x"})).has_value()) << i;
  EXPECT_EQ(refusal_of(AlterTopic{"orders", 4, {}}), Errc::invalid_argument) << "they never shrink";
}

TEST_F(Topics, AlteringChangesWhatItNames) {
  start();
  create("orders", 1, {{"retention.ms", "5000"}, {"max.message.bytes", "2000"}});
  RawClient admin = client();
  ASSERT_TRUE(admin.ask_for<TopicReply>(AlterTopic{"orders", 0, {{"retention.ms", "6000"}}}).has_value());
  EXPECT_EQ(value_of(describe("orders"), "retention.ms"), "6000");
  EXPECT_EQ(value_of(describe("orders"), "max.message.bytes"), "2000");
  EXPECT_EQ(admin.ask(AlterTopic{"nobody", 0, {}}).error_code(), Errc::unknown_topic);
  EXPECT_EQ(admin.ask(AlterTopic{"orders", 0, {{"retention.ms", "-2"}}}).error_code(), Errc::invalid_argument);
}

TEST_F(Topics, ADeletedTopicIsGoneAndItsIdWithIt) {
  start();
  const native::TopicPartition old = create_partition("orders");
  RawClient admin = client();
  ASSERT_TRUE(admin.publish(old, batch_of({"x"})).has_value());
  ASSERT_TRUE(admin.ask_for<native::Done>(DeleteTopic{"orders"}).has_value());
  EXPECT_EQ(admin.ask(DeleteTopic{"orders"}).error_code(), Errc::unknown_topic);
  const native::TopicPartition anew = create_partition("orders");
  EXPECT_NE(anew.topic, old.topic);
  EXPECT_EQ(admin.publish(old, batch_of({"x"})).error().code, Errc::unknown_topic);
  EXPECT_EQ(admin.ask(native::Read{old, Offset(0), 100}).error_code(), Errc::unknown_topic);
  EXPECT_EQ(admin.publish(anew, batch_of({"y"})).value().base_offset, Offset(0));
}

TEST_F(Topics, PublishesOnTheWayWhenTheTopicIsDeletedAreAllAnswered) {
  start();
  const native::TopicPartition target = create_partition("orders");
  RawClient publisher = client();
  std::vector<std::uint64_t> sent;
  for (int i = 0; i < 200; ++i) sent.push_back(publisher.start_publish(target, batch_of({"x"})));
  ASSERT_TRUE(client().ask_for<native::Done>(DeleteTopic{"orders"}).has_value());
  for (int i = 0; i < 200; ++i) sent.push_back(publisher.start_publish(target, batch_of({"x"})));
  for (const std::uint64_t correlation : sent) {
    const auto ack = publisher.wait_for_ack(correlation);
    if (ack.has_error()) {
      EXPECT_EQ(ack.error().code, Errc::unknown_topic);
    }
  }
  expect_serves_a_good_client();
}

TEST_F(Topics, ListsComeInPagesAndInOrder) {
  start();
  RawClient admin = client();
  std::set<std::string> made;
  for (int i = 0; i < 700; ++i) {
    const std::string name = "topic-" + std::to_string(i);
    ASSERT_TRUE(admin.ask_for<TopicReply>(CreateTopic{name, 1, {{"durability", "os"}}}).has_value());
    made.insert(name);
  }
  const auto [names, pages] = list_all();
  EXPECT_EQ(names, std::vector<std::string>(made.begin(), made.end()));
  EXPECT_GT(pages, 1);
  EXPECT_TRUE(admin.ask_for<native::TopicListReply>(ListTopics{"zzz"}).value().topics.empty());
}

TEST_F(Topics, AnEmptyBrokerListsNone) {
  start();
  EXPECT_TRUE(list_all().first.empty());
}

TEST_F(Topics, ManyPartitionsAreSpreadOverTheThreadsAndSurviveARestart) {
  start();
  const native::TopicInfo topic = create("wide", 12);
  RawClient publisher = client();
  for (std::int32_t i = 0; i < 12; ++i) {
    for (int n = 0; n <= i; ++n) {
      ASSERT_TRUE(publisher.publish({topic.id, PartitionId(i)}, batch_of({std::to_string(i)})).has_value());
    }
  }
  publisher.close();
  std::set<std::size_t> owners;
  for (const auto& partition : server->broker().topics().by_name("wide")->partitions) owners.insert(partition->owner().number());
  EXPECT_EQ(owners.size(), 3U);
  restart();
  const native::TopicInfo before = describe("wide");
  for (std::int32_t i = 0; i < 12; ++i) EXPECT_EQ(before.partitions[static_cast<std::size_t>(i)].high_watermark, Offset(i + 1));
  restart();
  EXPECT_EQ(describe("wide"), before);
  EXPECT_FALSE(server->broker().store().recovery_report().after_crash);
}

TEST_F(Topics, ProducerIdsAreNeverGivenTwice) {
  start();
  std::set<std::int64_t> given;
  for (int round = 0; round < 3; ++round) {
    RawClient producer = client();
    for (int i = 0; i < 20; ++i) {
      const auto reply = producer.ask_for<native::InitProducerReply>(native::InitProducer{}).value();
      EXPECT_TRUE(given.insert(reply.producer_id.value()).second) << reply.producer_id.value();
      EXPECT_EQ(reply.producer_epoch, 0);
    }
    producer.close();
    restart();
  }
}

}  // namespace
}  // namespace leat::server
