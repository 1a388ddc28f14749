#include "bench/load/nats_connection.hpp"

#include <optional>

#include "protocol/base/random.hpp"

namespace leat::load::nats {
namespace {

constexpr std::uint64_t kAnswers = 99;

}  // namespace

Connection::Connection(std::unique_ptr<Wire> wire)
    : wire_(std::move(wire)), inbox_("_INBOX." + std::to_string(SystemRandom().next())) {}

Result<std::unique_ptr<Connection>> Connection::open(const Address& address) {
  LEAT_ASSIGN(auto wire, Wire::connect(address));
  std::unique_ptr<Connection> connection(new Connection(std::move(wire)));
  connection->wire_->out().append(
      R"(CONNECT {"verbose":false,"pedantic":false,"headers":true,"no_responders":true,"lang":"leat_bench_load",)"
      R"("version":"1","protocol":1})"
      "\r\n");
  LEAT_TRY(connection->await_pong());
  return connection;
}

Result<void> Connection::await_pong() {
  wire_->out().append("PING\r\n");
  LEAT_TRY(wire_->write_some());
  const Time deadline = answer_deadline();
  for (bool has_come = false; !has_come;) {
    LEAT_TRY(wire_->wait_for_answer(deadline));
    LEAT_TRY(take([&has_come](const Operation& operation) {
      has_come |= operation.kind == Operation::Kind::pong;
      return ok();
    }));
  }
  return ok();
}

void Connection::append_publish(std::string_view subject, std::string_view reply, ByteSpan payload) {
  std::string& out = wire_->out();
  out.append("PUB ").append(subject).append(" ");
  if (!reply.empty()) out.append(reply).append(" ");
  out.append(std::to_string(payload.size())).append("\r\n").append(as_text(payload)).append("\r\n");
}

Result<void> Connection::subscribe(std::string_view subject, std::uint64_t subscription) {
  wire_->out().append("SUB ").append(subject).append(" ").append(std::to_string(subscription)).append("\r\n");
  return await_pong();
}

Result<std::string> Connection::request(const std::string& subject, std::string_view body) {
  const std::string answers = inbox("answers");
  const std::string subscription = std::to_string(kAnswers);
  wire_->out().append("SUB ").append(answers).append(" ").append(subscription).append("\r\n");
  append_publish(subject, answers, as_bytes(body));
  LEAT_TRY(wire_->write_some());
  const Time deadline = answer_deadline();
  std::optional<std::string> answer;
  while (!answer) {
    LEAT_TRY(wire_->wait_for_answer(deadline));
    LEAT_TRY(take([&answer](const Operation& operation) {
      if (operation.subscription != kAnswers) return ok();
      const auto status = status_of(operation.headers);
      if (!status.empty()) return Result<void>(Error(Errc::unsupported_request, "NATS answers " + std::string(status)));
      answer = as_text(operation.payload);
      return ok();
    }));
  }
  wire_->out().append("UNSUB ").append(subscription).append("\r\n");
  return std::move(*answer);
}

}  // namespace leat::load::nats
