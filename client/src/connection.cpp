#include "client/src/connection.hpp"

#include <boost/asio/connect.hpp>
#include <utility>
#include <variant>

#include "client/src/version.hpp"
#include "protocol/base/assert.hpp"

namespace leat::client {
namespace {

using boost::system::error_code;

constexpr std::uint64_t kHelloCorrelation = 1;
constexpr std::uint64_t kPingCorrelation = 2;
/// The largest frame taken from a broker. A delivery is as large as the topic's largest batch, which the hello does not tell.
constexpr std::size_t kInboundFrameBytesMax = std::size_t{128} << 20;
/// The answer to a hello is small; what is larger comes from something else.
constexpr std::size_t kHelloReplyBytesMax = std::size_t{64} << 10;

/// What the first bytes look like that came from where a broker should be.
std::string_view likely_protocol(std::string_view answer) {
  if (answer.starts_with("HTTP/") || answer.starts_with("<")) return "HTTP";
  if (answer.starts_with("SSH-")) return "SSH";
  if (answer.starts_with("\x15\x03") || answer.starts_with("\x16\x03")) return "TLS";
  if (answer.starts_with("220")) return "SMTP or FTP";
  if (answer.starts_with("-ERR")) return "Redis";
  return "something else";
}

}  // namespace

Connection::Connection(const asio::any_io_executor& executor, ConnectionOptions options, std::shared_ptr<BlockPool> blocks,
                       std::weak_ptr<ConnectionListener> listener)
    : options_(std::move(options)),
      listener_(std::move(listener)),
      resolver_(executor),
      transport_(make_transport(executor, options_.endpoint, options_.receive_block_bytes)),
      timer_(executor),
      reader_(std::move(blocks), kHelloReplyBytesMax, options_.receive_block_bytes) {}

void Connection::start() {
  LEAT_ASSERT(state_ == State::idle);
  state_ = State::connecting;
  watch_connecting();
  error_code not_numeric;
  const auto address = asio::ip::make_address(options_.endpoint.host, not_numeric);
  if (not_numeric) return resolve();
  const asio::ip::tcp::endpoint endpoint(address, options_.endpoint.port);
  connect(asio::ip::tcp::resolver::results_type::create(endpoint, options_.endpoint.host, ""));
}

void Connection::resolve() {
  resolver_.async_resolve(
      options_.endpoint.host, std::to_string(options_.endpoint.port),
      [self = shared_from_this()](const error_code& problem, const asio::ip::tcp::resolver::results_type& found) {
        if (self->state_ != State::connecting) return;
        if (problem) return self->fail("resolving the name", problem.message());
        self->connect(found);
      });
}

void Connection::connect(const asio::ip::tcp::resolver::results_type& candidates) {
  asio::async_connect(transport_->socket(), candidates,
                      [self = shared_from_this()](const error_code& problem, const asio::ip::tcp::endpoint&) {
                        if (self->state_ != State::connecting) return;
                        if (problem) return self->fail("connecting", problem.message());
                        error_code ignored;
                        self->transport_->socket().set_option(asio::ip::tcp::no_delay(true), ignored);
                        self->transport_->handshake(self);
                      });
}

void Connection::on_ready(const error_code& problem) {
  if (state_ != State::connecting) return;
  if (problem) return fail("opening the WebSocket", transport_->describe(problem));
  greet();
}

void Connection::greet() {
  state_ = State::greeting;
  send(native::Hello{.client_name = options_.client_name, .client_version = std::string(kClientVersion)}, kHelloCorrelation);
  flush();
  read();
}

void Connection::send(const native::Message& message, std::uint64_t correlation, SharedBytes payload) {
  if (state_ == State::closed) return;
  writes_.push(message, correlation, std::move(payload));
}

void Connection::flush() {
  if (state_ == State::closed || in_frames_ || writes_.writing() || writes_.empty()) return;
  if (transport_->write(writes_.gather(), shared_from_this())) writes_.written();
}

void Connection::on_sent(const error_code& problem) {
  writes_.written();
  if (state_ == State::closed) return;
  if (problem) return fail("writing", transport_->describe(problem));
  flush();
}

void Connection::read() {
  const MutableByteSpan space = reader_.space();
  transport_->read_some(space, reader_.missing_bytes(), shared_from_this());
}

void Connection::on_received(const error_code& problem, std::size_t bytes) {
  if (state_ == State::closed) return;
  if (problem) return fail("reading", transport_->describe(problem));
  hear();
  waiting_bytes_ = 0;
  reader_.received(bytes);
  const auto listener = listener_.lock();
  if (!listener) return close();

  in_frames_ = true;  // what one read is answered with goes out together
  const Result<void> handled = handle_frames(*listener);
  in_frames_ = false;
  if (state_ == State::closed) return;
  if (handled.has_error()) return fail(handled.error());
  if (state_ == State::open) listener->on_turn_end();
  flush();
  if (state_ != State::closed) read();
}

Result<void> Connection::handle_frames(ConnectionListener& listener) {
  while (state_ != State::closed) {
    const ByteSpan received = reader_.unread();
    const auto next = reader_.next();
    if (next.has_error()) return state_ == State::greeting ? not_a_broker(received) : next.error();
    const auto& frame = *next;
    if (!frame) break;
    auto decoded = native::decode_header(frame->header);
    if (decoded.has_value()) {
      LEAT_TRY(handle(*decoded, frame->payload, listener));
      continue;
    }
    // A sound frame with a message of a later version is the failure of the request that it answers, and nothing else.
    const native::DecodeFailure& failure = decoded.error();
    if (!failure.correlation) return state_ == State::greeting ? not_a_broker(received) : failure.error;
    native::Decoded answer{*failure.correlation, native::ErrorReply{failure.error.code, failure.error.context, false}};
    if (answer.correlation != 0) LEAT_TRY(handle(answer, {}, listener));
  }
  return ok();
}

Result<void> Connection::handle(native::Decoded& decoded, const SharedBytes& payload, ConnectionListener& listener) {
  if (state_ == State::greeting) return handle_greeting(decoded.message, listener);
  if (std::holds_alternative<native::Ping>(decoded.message)) {
    send(native::Pong{}, decoded.correlation);
  } else if (const auto* error = std::get_if<native::ErrorReply>(&decoded.message);
             error != nullptr && decoded.correlation == 0) {
    return Error(error->code, error->message);
  } else if (decoded.correlation == 0 || decoded.correlation >= kFirstCorrelation) {
    listener.on_message(decoded, payload);
  }
  return ok();
}

Error Connection::not_a_broker(ByteSpan answer) const {
  return Error(Errc::connection_failed, "no leat broker at " + options_.endpoint.to_string() + " (answered like " +
                                            std::string(likely_protocol(as_text(answer))) + ")");
}

Result<void> Connection::handle_greeting(const native::Message& message, ConnectionListener& listener) {
  if (const auto* error = std::get_if<native::ErrorReply>(&message)) return Error(error->code, error->message);
  const auto* reply = std::get_if<native::HelloReply>(&message);
  if (reply == nullptr) return Error(Errc::malformed_frame, "the broker did not answer the hello");
  if (reply->version != native::kProtocolVersion) {
    return Error(Errc::unsupported_version, "the broker chose version " + std::to_string(reply->version));
  }
  state_ = State::open;
  reader_.set_frame_bytes_max(kInboundFrameBytesMax);
  watch_silence();
  listener.on_open(*reply);
  return ok();
}

void Connection::watch_connecting() {
  timer_.expires_after(options_.connect_timeout);
  timer_.async_wait([self = shared_from_this()](const error_code& problem) {
    if (problem || (self->state_ != State::connecting && self->state_ != State::greeting)) return;
    self->fail(Error(Errc::connection_failed, "no answer from " + self->options_.endpoint.to_string() + " in " +
                                                  std::to_string(self->options_.connect_timeout.count()) + " ms"));
  });
}

/// Once an interval: a peer that said nothing since the last time is asked, and given up when it has not answered by the next.
void Connection::watch_silence() {
  heard_ = false;
  if (options_.ping_interval.count() == 0) return void(timer_.cancel());
  timer_.expires_after(options_.ping_interval);
  timer_.async_wait([self = shared_from_this()](const error_code& problem) {
    if (problem || self->state_ != State::open) return;
    self->look_into_socket();
    if (self->ping_waiting_) return self->fail(Error(Errc::connection_lost, "the broker does not answer any more"));
    if (!self->heard_) {
      self->ping_waiting_ = true;
      self->send(native::Ping{}, kPingCorrelation);
      self->flush();
    }
    self->watch_silence();
  });
}

void Connection::look_into_socket() {
  error_code ignored;
  const std::size_t waiting = transport_->socket().available(ignored);
  if (waiting > waiting_bytes_) hear();
  waiting_bytes_ = waiting;
}

void Connection::hear() {
  heard_ = true;
  ping_waiting_ = false;
}

void Connection::fail(const char* doing, const std::string& what) {
  fail(Error(state_ == State::open ? Errc::connection_lost : Errc::connection_failed,
             options_.endpoint.to_string() + ": " + doing + ": " + what));
}

void Connection::fail(const Error& error) {
  if (state_ == State::closed) return;
  shut();
  if (const auto listener = listener_.lock()) listener->on_lost(error);
}

void Connection::close() {
  if (state_ != State::closed) shut();
}

void Connection::shut() {
  state_ = State::closed;
  writes_.clear();
  resolver_.cancel();
  timer_.cancel();
  transport_->close();
}

}  // namespace leat::client
