#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "bench/load/nats_messages.hpp"
#include "bench/load/wire.hpp"

namespace leat::load::nats {

/// A connection to a NATS server. It answers pings. One thread.
class Connection {
 public:
  static Result<std::unique_ptr<Connection>> open(const Address& address);

  [[nodiscard]] Wire& wire() { return *wire_; }
  /// A subject of this connection's own, unique in the server.
  [[nodiscard]] std::string inbox(std::string_view name) const { return inbox_ + "." + std::string(name); }

  void append_publish(std::string_view subject, std::string_view reply, ByteSpan payload);
  /// Subscribes; on return what is published to the subject arrives.
  Result<void> subscribe(std::string_view subject, std::uint64_t subscription);
  /// Publishes and waits for the one answer.
  Result<std::string> request(const std::string& subject, std::string_view body);

  /// Consumes what has arrived: `on_operation` sees messages and pongs, and returns Result<void>.
  template <class OnOperation>
  Result<void> take(OnOperation on_operation) {
    while (true) {
      LEAT_ASSIGN(const Operation operation, parse(wire_->received()));
      if (operation.size_bytes == 0) return ok();
      if (operation.kind == Operation::Kind::ping) wire_->out().append("PONG\r\n");
      if (operation.kind == Operation::Kind::message || operation.kind == Operation::Kind::pong) {
        LEAT_TRY(on_operation(operation));
      }
      wire_->consume(operation.size_bytes);
    }
  }

 private:
  explicit Connection(std::unique_ptr<Wire> wire);
  Result<void> await_pong();

  std::unique_ptr<Wire> wire_;
  const std::string inbox_;
};

}  // namespace leat::load::nats
