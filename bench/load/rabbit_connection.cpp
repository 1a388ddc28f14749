#include "bench/load/rabbit_connection.hpp"

namespace leat::load::rabbit {
namespace {

constexpr std::uint32_t kCorrelation = 7;
constexpr std::uint32_t kFrameBytesMax = std::uint32_t{1} << 20;  // the broker's own default
/// Publisher ids are one byte.
constexpr std::uint32_t kPartitionsMax = 256;

}  // namespace

Error refused(const char* what, Code code) {
  return Error(Errc::invalid_argument,
               std::string("RabbitMQ refused to ") + what + ": code " + std::to_string(static_cast<std::uint16_t>(code)));
}

Result<void> check_unasked(const Frame& frame) {
  if (frame.is_response) return ok();
  if (frame.key == Key::close) return Error(Errc::connection_lost, "RabbitMQ closed the connection");
  if (frame.key == Key::metadata_update) return Error(Errc::unknown_topic, "RabbitMQ says that the stream is gone");
  return ok();
}

Result<Connection> Connection::open(const Address& address) {
  LEAT_ASSIGN(auto wire, Wire::connect(address));
  Connection connection(std::move(wire));
  LEAT_TRY(connection.shake_hands());
  return connection;
}

Result<void> Connection::shake_hands() {
  std::string no_properties;
  append(no_properties, std::uint32_t{0});
  LEAT_TRY(answer(Key::peer_properties, no_properties));
  LEAT_TRY(answer(Key::sasl_handshake, {}));
  constexpr std::string_view kCredentials("\0guest\0guest", 12);
  std::string login;
  append_string(login, "PLAIN");
  append(login, static_cast<std::uint32_t>(kCredentials.size()));
  login.append(kCredentials);
  LEAT_ASSIGN(const Code logged_in, ask(Key::sasl_authenticate, login));
  if (logged_in != Code::ok) return refused("let guest in", logged_in);

  LEAT_TRY(await(Key::tune, false));
  std::string tune;
  append(tune, kFrameBytesMax);
  append(tune, std::uint32_t{0});  // no heartbeats
  append_frame(wire_->out(), Key::tune, tune);
  std::string host;
  append_string(host, "/");
  LEAT_ASSIGN(const Code opened, ask(Key::open, host));
  return opened == Code::ok ? ok() : Result<void>(refused("open the virtual host /", opened));
}

Result<std::string> Connection::await(Key key, bool is_response) {
  const Time deadline = answer_deadline();
  while (true) {
    LEAT_ASSIGN(const auto frame, parse_frame(wire_->received()));
    if (!frame) {
      LEAT_TRY(wire_->wait_for_answer(deadline));
      continue;
    }
    std::string body(as_text(frame->body));
    const bool is_it = frame->key == key && frame->is_response == is_response;
    const auto checked = is_it ? ok() : check_unasked(*frame);
    wire_->consume(frame->size_bytes);
    LEAT_TRY(checked);
    if (is_it) return body;
  }
}

Result<std::string> Connection::answer(Key key, std::string_view body) {
  std::string request;
  append(request, kCorrelation);
  request.append(body);
  append_frame(wire_->out(), key, request);
  LEAT_TRY(wire_->write_some());
  LEAT_ASSIGN(auto answered, await(key, true));
  if (answered.size() < sizeof kCorrelation) return Error(Errc::malformed_frame, "RabbitMQ: a short answer");
  return answered.substr(sizeof kCorrelation);
}

Result<Code> Connection::ask(Key key, std::string_view body) {
  LEAT_ASSIGN(const auto answered, answer(key, body));
  if (answered.size() < sizeof(std::uint16_t)) return Error(Errc::malformed_frame, "RabbitMQ: a short answer");
  return static_cast<Code>(load_be<std::uint16_t>(as_bytes(answered).data()));
}

Result<std::set<std::string>> Connection::existing(const std::vector<std::string>& streams) {
  std::string body;
  append(body, static_cast<std::uint32_t>(streams.size()));
  for (const auto& name : streams) append_string(body, name);
  LEAT_ASSIGN(const auto answered, answer(Key::metadata, body));
  // Brokers (reference 2, host, port 4), then streams (name, code 2, leader 2, replicas 2 each).
  ByteSpan rest = as_bytes(answered);
  const auto malformed = [] { return Error(Errc::malformed_frame, "RabbitMQ: the answer about streams"); };
  const auto skip = [&rest](std::size_t bytes) {
    if (rest.size() < bytes) return false;
    rest = rest.subspan(bytes);
    return true;
  };
  const auto take_string = [&](std::string& text) {
    if (rest.size() < 2) return false;
    const std::size_t length = load_be<std::uint16_t>(rest.data());
    if (rest.size() - 2 < length) return false;
    text = as_text(rest.subspan(2, length));
    return skip(2 + length);
  };
  const auto take_count = [&](std::uint32_t& count) {
    if (rest.size() < sizeof count) return false;
    count = load_be<std::uint32_t>(rest.data());
    return skip(sizeof count);
  };
  std::string name;
  std::uint32_t count = 0;
  if (!take_count(count)) return malformed();
  for (std::uint32_t i = 0; i < count; ++i) {
    if (!skip(2) || !take_string(name) || !skip(4)) return malformed();
  }
  // In any order.
  if (!take_count(count)) return malformed();
  std::set<std::string> found;
  for (std::uint32_t i = 0; i < count; ++i) {
    if (!take_string(name) || rest.size() < 4) return malformed();
    if (static_cast<Code>(load_be<std::uint16_t>(rest.data())) != Code::no_such_stream) found.insert(name);
    std::uint32_t replicas = 0;
    if (!skip(4) || !take_count(replicas) || !skip(std::size_t{replicas} * 2)) return malformed();
  }
  return found;
}

Result<std::uint32_t> Connection::partition_count(const std::string& topic) {
  std::vector<std::string> names{topic};
  for (std::uint32_t i = 0; i < kPartitionsMax; ++i) names.push_back(partition_name(topic, kPartitionsMax, i));
  LEAT_ASSIGN(const auto found, existing(names));
  if (found.contains(topic)) return 1U;
  std::uint32_t count = 0;
  while (count < kPartitionsMax && found.contains(names[count + 1])) ++count;
  return count;
}

}  // namespace leat::load::rabbit
