#include "protocol/base/crc32c.hpp"
#include "protocol/base/endian.hpp"
#include "server/support/web_test.hpp"

namespace leat::server {
namespace {

namespace json = boost::json;

/// With the right checksum, and records that are not what the header says they are: gzip.
std::vector<std::byte> unreadable_batch() {
  constexpr std::size_t kCrcAt = 17;
  constexpr std::size_t kAttributesAt = 21;
  std::vector<std::byte> batch = batch_of({"a"});
  batch[kAttributesAt + 1] |= std::byte{1};
  store_be(batch.data() + kCrcAt, crc32c(ByteSpan(batch).subspan(kAttributesAt)));
  return batch;
}

/// What a stream says besides records.
class StreamEvents : public WebTest {
 protected:
  void begin(std::int32_t partitions) {
    start();
    topic_ = create("orders", partitions);
    events_ = std::make_unique<EventStream>(server->http_port(), "/v1/topics/orders/stream");
    start_ = events_->next();
  }

  native::TopicInfo topic_;
  std::unique_ptr<EventStream> events_;
  EventStream::Event start_;
};

TEST_F(StreamEvents, TheStartSaysWhereEveryPartitionBegins) {
  begin(2);
  EXPECT_EQ(start_.name, "start");
  EXPECT_EQ(json::parse(start_.data), json::parse(R"({"partitions":[{"topic":"orders","partition":0,"from":0},)"
                                                  R"({"topic":"orders","partition":1,"from":0}]})"));
}

TEST_F(StreamEvents, TheEndSaysWhatEndedAndWhy) {
  begin(1);
  ASSERT_EQ(ask("DELETE", "/v1/topics/orders").result_int(), 204U);
  const auto event = events_->next();
  EXPECT_EQ(event.name, "ended");
  const json::value data = json::parse(event.data);
  EXPECT_EQ(data.at("topic").as_string(), "orders");
  EXPECT_EQ(data.at("partition").as_int64(), 0);
  EXPECT_EQ(data.at("code").as_string(), "unknown_topic");
  EXPECT_TRUE(data.at("message").is_string());
  EXPECT_FALSE(data.at("retriable").as_bool());
}

TEST_F(StreamEvents, WhatCannotBeReadIsToldWithItsPlace) {
  begin(1);
  ASSERT_TRUE(client().publish({topic_.id, PartitionId(0)}, unreadable_batch()).has_value());
  const auto event = events_->next();
  EXPECT_EQ(event.name, "skipped");
  EXPECT_EQ(event.id, "0:1");
  const json::value data = json::parse(event.data);
  EXPECT_EQ(data.at("topic").as_string(), "orders");
  EXPECT_EQ(data.at("partition").as_int64(), 0);
  EXPECT_EQ(data.at("next").as_int64(), 1);
  EXPECT_TRUE(data.at("code").is_string());
  EXPECT_FALSE(data.at("retriable").as_bool());
}

}  // namespace
}  // namespace leat::server
