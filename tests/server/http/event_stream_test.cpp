#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

#include "protocol/base/crc32c.hpp"
#include "protocol/base/endian.hpp"
#include "server/support/http_client.hpp"
#include "server/support/server_test.hpp"

namespace leat::server {
namespace {

namespace json = boost::json;

struct StreamEvent {
  std::string id;
  std::string name;
  json::value data;
};

/// The other end of a stream of server-sent events; blocks.
class EventStream {
 public:
  EventStream(std::uint16_t port, const std::string& target, const std::string& last_event_id) : socket_(connect_to(io_, port)) {
    std::string request = "GET " + target + " HTTP/1.1\r\nHost: localhost\r\n";
    if (!last_event_id.empty()) request += "Last-Event-ID: " + last_event_id + "\r\n";
    boost::asio::write(socket_, boost::asio::buffer(request + "\r\n"));
    head_ = until("\r\n\r\n");
  }

  [[nodiscard]] bool accepted() const { return head_.starts_with("HTTP/1.1 200"); }

  StreamEvent next() {
    StreamEvent event;
    std::istringstream lines(until("\n\n"));
    for (std::string line; std::getline(lines, line);) {
      if (line.starts_with("id: ")) event.id = line.substr(4);
      if (line.starts_with("event: ")) event.name = line.substr(7);
      if (line.starts_with("data: ")) event.data = json::parse(line.substr(6));
    }
    return event;
  }

 private:
  std::string until(const std::string& end) {
    const std::size_t bytes = boost::asio::read_until(socket_, boost::asio::dynamic_buffer(received_), end);
    std::string text = received_.substr(0, bytes);
    received_.erase(0, bytes);
    return text;
  }

  boost::asio::io_context io_;
  boost::asio::ip::tcp::socket socket_;
  std::string received_;
  std::string head_;
};

class EventStreamTest : public ServerTest {
 protected:
  void publish(std::int32_t partition, std::size_t records) {
    const native::TopicPartition target{topic_.id, PartitionId(partition)};
    ASSERT_TRUE(client().publish(target, batch_of(std::vector<std::string>(records, "a"))).has_value());
  }
  void begin(std::int32_t partitions) {
    start();
    topic_ = create("orders", partitions);
  }
  EventStream stream(const std::string& query = "", const std::string& last_event_id = "") {
    return EventStream(server->http_port(), "/v1/topics/orders/stream" + query, last_event_id);
  }
  std::string id_of_start(const std::string& query, const std::string& last_event_id) {
    EventStream resumed = stream(query, last_event_id);
    return resumed.accepted() ? resumed.next().id : "refused";
  }

  native::TopicInfo topic_;
};

TEST_F(EventStreamTest, ItsStartSaysWhereEveryPartitionBegins) {
  begin(2);
  publish(1, 3);
  const StreamEvent event = stream().next();
  EXPECT_EQ(event.name, "start");
  EXPECT_EQ(event.id, "0:0,1:3");
  const json::array& partitions = event.data.at("partitions").as_array();
  ASSERT_EQ(partitions.size(), 2U);
  EXPECT_EQ(partitions[1].at("topic").as_string(), "orders");
  EXPECT_EQ(partitions[1].at("partition").as_int64(), 1);
  EXPECT_EQ(partitions[1].at("from").as_int64(), 3);
}

TEST_F(EventStreamTest, ItsEndSaysWhatEndedAndWhy) {
  begin(1);
  EventStream events = stream();
  EXPECT_EQ(events.next().name, "start");
  EXPECT_EQ(ask_http(server->http_port(), http::verb::delete_, "/v1/topics/orders").result_int(), 204U);
  const StreamEvent event = events.next();
  EXPECT_EQ(event.name, "ended");
  EXPECT_EQ(event.data.at("topic").as_string(), "orders");
  EXPECT_EQ(event.data.at("partition").as_int64(), 0);
  EXPECT_EQ(event.data.at("code").as_string(), "unknown_topic");
  EXPECT_FALSE(event.data.at("retriable").as_bool());
  EXPECT_TRUE(event.data.at("message").is_string());
}

/// With the right checksum, and records that are not what the header says they are: gzip.
std::vector<std::byte> unreadable_batch() {
  constexpr std::size_t kCrcAt = 17;
  constexpr std::size_t kAttributesAt = 21;
  std::vector<std::byte> batch = batch_of({"a"});
  batch[kAttributesAt + 1] |= std::byte{1};
  store_be(batch.data() + kCrcAt, crc32c(ByteSpan(batch).subspan(kAttributesAt)));
  return batch;
}

TEST_F(EventStreamTest, WhatCannotBeReadIsToldWithItsPlace) {
  begin(1);
  EventStream events = stream();
  EXPECT_EQ(events.next().name, "start");
  ASSERT_TRUE(client().publish({topic_.id, PartitionId(0)}, unreadable_batch()).has_value());
  const StreamEvent event = events.next();
  EXPECT_EQ(event.name, "skipped");
  EXPECT_EQ(event.id, "0:1");
  EXPECT_EQ(event.data.at("topic").as_string(), "orders");
  EXPECT_EQ(event.data.at("partition").as_int64(), 0);
  EXPECT_EQ(event.data.at("next").as_int64(), 1);
  EXPECT_TRUE(event.data.at("code").is_string());
  EXPECT_TRUE(event.data.at("retriable").is_bool());
}

TEST_F(EventStreamTest, AnIdDecidesWhereTheQueryAsksForWhatIsGone) {
  begin(1);
  publish(0, 3);
  EXPECT_EQ(id_of_start("?from=999", "0:1"), "0:1");
  EXPECT_EQ(id_of_start("?from=999", ""), "refused");
}

TEST_F(EventStreamTest, APartitionThatTheIdLacksBeginsAtItsStart) {
  begin(2);
  publish(0, 3);
  publish(1, 2);
  EXPECT_EQ(id_of_start("?from=latest", "0:2"), "0:2,1:0");
}

TEST_F(EventStreamTest, ATopicThatWasCreatedAnewIsReadFromItsStart) {
  begin(1);
  publish(0, 2);
  EventStream events = stream("", "0:99");
  EXPECT_EQ(events.next().id, "0:0");
  EXPECT_EQ(events.next().data.at("record").at("offset").as_int64(), 0);
}

}  // namespace
}  // namespace leat::server
