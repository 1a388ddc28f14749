#pragma once

#include <memory>
#include <string>

#include "server/broker/broker.hpp"
#include "server/net/connection.hpp"
#include "server/session/json_message.hpp"
#include "server/session/record_feed.hpp"
#include "server/session/text_session.hpp"

namespace leat::server {

/// One client of `leat.json.v1` (PROTOCOL.md): a message is a JSON object, in both directions. One shard.
class JsonSession final : public Session, public std::enable_shared_from_this<JsonSession> {
 public:
  JsonSession(TextSessionContext context, Connection& connection, TextSessionOptions options);

  Result<Consumed> on_input(const Input& input) override;
  [[nodiscard]] bool wants_input() const override;
  void on_flushed() override;
  void drain() override;
  void on_closed() override;
  [[nodiscard]] bool established() const override { return true; }
  [[nodiscard]] bool keeps_others_waiting() const override { return feed_.keeps_others_waiting(); }

 private:
  void on(json_message::Subscribe subscribe);
  void on(const json_message::Credit& credit);
  void on(const json_message::Unsubscribe& unsubscribe);
  void on(json_message::Publish publish);
  void on(const json_message::Ping& ping);

  boost::asio::awaitable<void> subscribe(std::shared_ptr<JsonSession> self, json_message::Subscribe request);
  boost::asio::awaitable<void> publish(std::shared_ptr<JsonSession> self, json_message::Publish request, TopicEntryPtr topic,
                                       SharedBytes received);
  [[nodiscard]] std::size_t partitions_left() const;
  void begin_subscription(json_message::Subscribe request, std::vector<RecordFeed::Part> parts);
  /// Says that a subscription was taken: once it was, and before the first of its records.
  void announce();
  void finish_request(std::size_t bytes);
  void finish_drain();

  void deliver(const RecordFeed::Delivery& delivery);
  void send(std::string message);
  void send_error(std::uint32_t id, const Error& error);
  /// `"type":...,"id":...` with an opening brace.
  static std::string begin(std::string_view type, std::uint32_t id);

  Broker& broker_;
  Shard& shard_;
  Connection* connection_;  ///< null once closed
  const TextSessionOptions options_;
  RecordFeed feed_;
  std::string announcement_;  ///< of the subscription that is being added
  SharedBytes received_;      ///< the message being handled, which keeps its share of the memory for as long
  bool subscribing_ = false;
  std::size_t in_flight_bytes_ = 0;
  std::size_t requests_ = 0;
  bool draining_ = false;
};

}  // namespace leat::server
