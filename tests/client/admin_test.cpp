#include "leat/admin.hpp"

#include "tests/client/fake/broker_test.hpp"

namespace leat::testing {
namespace {

class AdminTest : public BrokerTest {
 protected:
  Client client{options()};
  Admin admin{client};
};

TEST_F(AdminTest, CreatesDescribesAltersAndDeletes) {
  EXPECT_EQ(admin.create_topic({.name = "t", .partitions = 2})->partitions.size(), 2U);
  EXPECT_EQ(admin.describe_topic("t")->partitions.size(), 2U);
  EXPECT_EQ(admin.alter_topic({.name = "t", .partitions = 4})->partitions.size(), 4U);
  EXPECT_TRUE(admin.delete_topic("t"));
  EXPECT_EQ(admin.describe_topic("t").error().code, Errc::unknown_topic);
}

TEST_F(AdminTest, TheBrokersErrorKeepsItsWords) {
  ASSERT_TRUE(admin.create_topic({.name = "t"}));
  EXPECT_EQ(admin.create_topic({.name = "t"}).error().message(), "topic already exists: t");
}

TEST_F(AdminTest, ListsAllPages) {
  for (const auto* name : {"a", "b", "c", "d", "e"}) broker.add_topic(name, 1);
  const auto topics = admin.list_topics();
  ASSERT_TRUE(topics.has_value());
  std::string names;
  for (const TopicInfo& topic : *topics) names += topic.name;
  EXPECT_EQ(names, "abcde");
}

TEST_F(AdminTest, OffsetsFollowATopicThatWasCreatedAnew) {
  broker.add_topic("t", 1);
  EXPECT_EQ(admin.list_offsets("t", PartitionId(0), OffsetQuery::latest())->offset, Offset(0));
  broker.remove_topic("t");
  broker.add_topic("t", 1);
  broker.append_raw("t", 0, {}, 7);
  EXPECT_EQ(admin.list_offsets("t", PartitionId(0), OffsetQuery::latest())->offset, Offset(7));
  broker.remove_topic("t");
  EXPECT_EQ(admin.list_offsets("t", PartitionId(0), OffsetQuery::latest()).error().code, Errc::unknown_topic);
}

TEST_F(AdminTest, DeletesRecords) {
  broker.add_topic("t", 1);
  broker.append_raw("t", 0, {}, 7);
  EXPECT_EQ(*admin.delete_records("t", PartitionId(0), Offset(3)), Offset(3));
  EXPECT_EQ(admin.list_offsets("t", PartitionId(0), OffsetQuery::earliest())->offset, Offset(3));
}

TEST_F(AdminTest, QuestionsAreAskedAgainAfterALostConnection) {
  int asked = 0;
  broker.on_request([&](const native::Message& message) {
    if (!std::holds_alternative<native::ListTopics>(message)) return RequestAction::answer;
    return ++asked == 1 ? RequestAction::drop : RequestAction::answer;
  });
  EXPECT_TRUE(admin.list_topics().has_value());
}

TEST_F(AdminTest, ChangesAreNotRepeatedWhenTheirOutcomeIsUnknown) {
  broker.on_request([&](const native::Message& message) {
    return std::holds_alternative<native::CreateTopic>(message) ? RequestAction::drop : RequestAction::answer;
  });
  EXPECT_EQ(admin.create_topic({.name = "t"}).error().code, Errc::connection_lost);
}

class ImpatientAdminTest : public BrokerTest {
 protected:
  ClientOptions impatient() const {
    auto opts = options();
    opts.request_timeout = kSoon;
    return opts;
  }
};

TEST_F(ImpatientAdminTest, NoAnswerIsATimeoutOfUnknownOutcome) {
  broker.on_request([](const native::Message& message) {
    return std::holds_alternative<native::ListTopics>(message) ? RequestAction::ignore : RequestAction::answer;
  });
  Client client(impatient());
  ASSERT_TRUE(client.connect());
  EXPECT_EQ(Admin(client).list_topics().error().code, Errc::timed_out);
}

TEST_F(ImpatientAdminTest, WhatCouldNotBeSentFailsWithTheReason) {
  broker.accept_connections(false);
  Client client(impatient());
  EXPECT_EQ(Admin(client).list_topics().error().code, Errc::connection_failed);
}

}  // namespace
}  // namespace leat::testing
