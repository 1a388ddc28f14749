#pragma once

#include <boost/asio/awaitable.hpp>
#include <memory>
#include <optional>
#include <string>

#include "protocol/cloudevents/filter.hpp"
#include "server/net/connection.hpp"
#include "server/session/record_feed.hpp"
#include "server/session/start_position.hpp"
#include "server/session/text_session.hpp"

namespace leat::server {

/// One client of the CloudEvents WebSocket binding (subprotocol `cloudevents.json`): each message is a structured event. It is
/// sent the records of one topic, and what it sends is published there. The binding has no answers: an event that is none, or
/// that could not be stored, ends the connection, and the close code says which. One shard.
class CloudEventsSession final : public Session, public std::enable_shared_from_this<CloudEventsSession> {
 public:
  struct Request {
    std::string topic;
    std::optional<PartitionId> partition;
    std::optional<StartPosition> from;  ///< none: nothing is sent to the client
    std::optional<cloudevents::Filter> filter;
  };

  CloudEventsSession(TextSessionContext context, Connection& connection, TextSessionOptions options, Request request);
  /// Before the first input.
  void start() override;

  Result<Consumed> on_input(const Input& input) override;
  [[nodiscard]] bool wants_input() const override;
  void on_flushed() override;
  void drain() override;
  void on_closed() override;
  [[nodiscard]] bool established() const override { return true; }
  [[nodiscard]] bool keeps_others_waiting() const override { return feed_.keeps_others_waiting(); }

 private:
  boost::asio::awaitable<void> subscribe(std::shared_ptr<CloudEventsSession> self);
  boost::asio::awaitable<void> publish(std::shared_ptr<CloudEventsSession> self, cloudevents::EventRecord record,
                                       SharedBytes received);
  void log_skipped(const RecordFeed::Part& part, Offset next, const Error& error) const;
  void fail(const Error& error);
  void finish_drain();

  Broker& broker_;
  Shard& shard_;
  Connection* connection_;  ///< null once closed
  const TextSessionOptions options_;
  Request request_;
  RecordFeed feed_;
  std::size_t in_flight_bytes_ = 0;
  std::size_t publishing_ = 0;
  bool draining_ = false;
};

}  // namespace leat::server
