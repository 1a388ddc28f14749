#pragma once

#include <boost/asio/steady_timer.hpp>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "protocol/cloudevents/filter.hpp"
#include "server/net/connection.hpp"
#include "server/session/record_feed.hpp"
#include "server/session/text_session.hpp"

namespace leat::server {

/// A topic as server-sent events (HTML Living Standard, section 9.2). An event's id says where every partition goes on, so that a
/// browser that comes back with Last-Event-ID misses nothing and sees nothing twice. One shard.
class SseSession final : public Session, public std::enable_shared_from_this<SseSession> {
 public:
  struct Request {
    std::vector<RecordFeed::Part> parts;
    std::optional<cloudevents::Filter> filter;
    TextForm form = TextForm::json;
  };

  SseSession(TextSessionContext context, Connection& connection, TextSessionOptions options, Request request);
  void start() override;

  /// What a client sends after its request means nothing.
  Result<Consumed> on_input(const Input& input) override { return Consumed{input.unread.size(), 0}; }
  [[nodiscard]] bool wants_input() const override { return true; }
  void on_flushed() override;
  void drain() override;
  void on_closed() override;
  [[nodiscard]] bool established() const override { return true; }
  [[nodiscard]] bool keeps_others_waiting() const override { return feed_.keeps_others_waiting(); }

  /// "0:12,1:7" -> offsets by partition; nothing when it is no such id.
  static std::optional<std::map<std::int32_t, Offset>> parse_event_id(std::string_view id);

 private:
  void deliver(const RecordFeed::Delivery& delivery);
  [[nodiscard]] std::string event_id() const;
  void send(std::string text);
  void stay_alive();

  Connection* connection_;  ///< null once closed
  const TextSessionOptions options_;
  Request request_;
  std::map<std::int32_t, Offset> next_;  ///< by partition
  RecordFeed feed_;
  boost::asio::steady_timer heartbeat_;
};

}  // namespace leat::server
