#include "server/net/web_socket_connection.hpp"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cstring>

#include "protocol/base/endian.hpp"
#include "server/net/await_share.hpp"
#include "server/net/pace_guard.hpp"
#include "server/net/tcp_progress.hpp"
#include "server/version.hpp"

namespace leat::server {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
namespace websocket = boost::beast::websocket;
using boost::system::error_code;
using websocket::close_code;
using SteadyTime = std::chrono::steady_clock;

/// Pings and pongs that a peer may send in a while. An honest one sends one in many seconds.
constexpr std::size_t kControlFramesMax = 200;
constexpr std::chrono::seconds kControlFramesWhile{10};
/// Heads and control frames that may come in the time for a message while none does.
constexpr std::uint64_t kBytesWithoutMessageMax = 64U << 10;

/// A reason is at most 123 bytes of UTF-8; ours are ASCII but for what the peer sent itself.
std::string ascii_front(const std::string& text) {
  const auto end = std::find_if(text.begin(), text.end(), [](char c) { return c < ' ' || c > '~'; });
  return {text.begin(), std::min(end, text.begin() + std::min<std::ptrdiff_t>(std::ssize(text), 120))};
}

close_code close_code_for(const Error& error) {
  switch (error.code) {
    case Errc::frame_too_large:
    case Errc::batch_too_large:
      return close_code::too_big;
    case Errc::malformed_frame:
    case Errc::invalid_argument:
      return close_code::bad_payload;
    case Errc::storage_failed:
    case Errc::internal:
      return close_code::internal_error;
    case Errc::overloaded:
    case Errc::storage_full:
      return close_code::try_again_later;
    case Errc::shutting_down:
      return close_code::going_away;
    default:
      return close_code::policy_error;
  }
}

/// Of a message in one frame; what a server sends is not masked (RFC 6455, section 5.2).
std::vector<std::byte> frame_head(bool is_text, std::uint64_t payload_bytes) {
  constexpr std::byte kFinal{0x80};
  constexpr std::uint64_t kTwoBytesFrom = 126;
  constexpr std::uint64_t kEightBytesFrom = 1U << 16;
  std::vector<std::byte> head{kFinal | (is_text ? std::byte{1} : std::byte{2})};
  const auto append = [&head](auto length) {
    head.resize(head.size() + sizeof length);
    store_be(head.data() + head.size() - sizeof length, length);
  };
  if (payload_bytes < kTwoBytesFrom) {
    append(static_cast<std::uint8_t>(payload_bytes));
  } else if (payload_bytes < kEightBytesFrom) {
    head.push_back(std::byte{126});
    append(static_cast<std::uint16_t>(payload_bytes));
  } else {
    head.push_back(std::byte{127});
    append(payload_bytes);
  }
  return head;
}

/// For coroutines: the error is theirs to look at.
auto or_error(error_code& error) { return asio::redirect_error(asio::use_awaitable, error); }

}  // namespace

WebSocketConnection::WebSocketConnection(asio::ip::tcp::socket socket, Shard& shard, NetworkMemory memory,
                                         WebSocketOptions options)
    : stream_(std::move(socket)),
      shard_(shard),
      memory_(std::move(memory)),
      options_(std::move(options)),
      input_(memory_.receiving),
      resume_(shard.io()),
      writer_(this->socket(), shard, options_.timeouts.send, options_.client),
      deadlines_(shard.io()) {}

void WebSocketConnection::configure() {
  error_code ignored;
  socket().non_blocking(true, ignored);
  websocket::stream_base::timeout timeouts{};
  timeouts.handshake_timeout = options_.timeouts.handshake;
  timeouts.idle_timeout = options_.idle_timeout;
  timeouts.keep_alive_pings = true;
  stream_.set_option(timeouts);
  stream_.set_option(websocket::stream_base::decorator([subprotocol = options_.subprotocol](websocket::response_type& response) {
    response.set(http::field::server, "leatd/" + std::string(kVersion));
    if (!subprotocol.empty()) response.set(http::field::sec_websocket_protocol, subprotocol);
  }));
  // We look ourselves: of a message that is too large Beast 1.81 leaves the rest unread, and the reset loses the peer the reason.
  stream_.read_message_max(0);
  stream_.control_callback([this](websocket::frame_type type, boost::beast::string_view) { on_control_frame(type); });
}

void WebSocketConnection::start(Upgrade upgrade, std::shared_ptr<Session> session, std::function<void()> ended) {
  session_ = std::move(session);
  ended_ = std::move(ended);
  configure();
  handshake_deadline_ = SteadyTime::now() + options_.timeouts.handshake;
  deadlines_.start(
      weak_from_this(), [this] { return next_look(); }, [this] { look_at_deadlines(); });
  deadlines_.look();
  received_at_wait_ = received_bytes_total(socket().native_handle());  // an honest peer waits for the answer
  session_->start();
  asio::co_spawn(
      shard_.io(), [self = shared_from_this(), upgrade = std::move(upgrade)]() mutable { return self->run(std::move(upgrade)); },
      [self = shared_from_this()](const std::exception_ptr& thrown) {
        if (thrown) self->close();
      });
}

asio::awaitable<void> WebSocketConnection::pause() {
  error_code ignored;
  resume_.expires_at(kNever);
  co_await resume_.async_wait(or_error(ignored));
}

asio::awaitable<void> WebSocketConnection::run(Upgrade upgrade) {
  error_code error;
  co_await stream_.async_accept(upgrade, or_error(error));
  if (error) co_return close();
  // What was said meanwhile follows the answer.
  stream_.next_layer().write_through(writer_);
  writer_.start(weak_from_this(), {[this] { on_flushed(); }, [this] { close(); }, [this] { deadlines_.look(); }});
  while (!closed_ && !closing_) {
    if (!session_->wants_input()) {
      message_deadline_ = kNever;  // the wait is not the peer's fault
      co_await pause();
      // What was received before the pause may be all that comes.
      if (!closed_ && !closing_ && session_->wants_input() && !handle_input()) break;
      continue;
    }
    if (!co_await receive_some() || !handle_input()) break;
  }
  // Once a closing handshake of ours has begun, its end closes.
  if (!closing_ || peer_closes_) close();
}

asio::awaitable<bool> WebSocketConnection::receive_some() {
  const bool received = message_begun_ ? co_await receive_more() : co_await receive_first();
  if (!received || closed_) co_return false;
  const bool grows_too_large =
      !stream_.is_message_done() && message_bytes_ + stream_.read_size_hint(1) > options_.message_bytes_max + 1;
  if (grows_too_large || message_bytes_ > options_.message_bytes_max) {
    close_with(close_code::too_big);
    co_return false;
  }
  if (stream_.is_message_done()) {
    message_deadline_ = kNever;
  } else {
    expect_message();
  }
  co_return true;
}

asio::awaitable<bool> WebSocketConnection::receive_first() {
  error_code error;
  input_.park(ReceiveMemory::kOwnBytes);
  wait_check_ = SteadyTime::now() + options_.timeouts.frame;
  deadlines_.look();
  const std::size_t got = co_await stream_.async_read_some(asio::buffer(first_bytes_), or_error(error));
  wait_check_ = kNever;
  if (error || closed_) co_return false;
  options_.client->received(got);
  if (stream_.got_text() != options_.whole_text_messages) {
    close_with(close_code::unknown_data);
    co_return false;
  }
  message_begun_ = true;
  message_bytes_ = got;
  ByteSpan rest = ByteSpan(first_bytes_).first(got);
  while (!rest.empty()) {
    const MutableByteSpan room = input_.prepare(wanted_bytes_);
    if (room.empty()) {
      input_.admit(
          co_await await_share(memory_.receiving->budget, input_.missing_bytes(wanted_bytes_), shard_, &waiting_for_room_));
      if (closed_) co_return false;
      continue;
    }
    const std::size_t taken = std::min(rest.size(), room.size());
    std::memcpy(room.data(), rest.data(), taken);
    input_.received(taken);
    rest = rest.subspan(taken);
  }
  co_return true;
}

asio::awaitable<bool> WebSocketConnection::receive_more() {
  const std::size_t wanted = std::max(wanted_bytes_, input_.unread().size() + stream_.read_size_hint(1));
  const MutableByteSpan room = input_.prepare(wanted);
  if (room.empty()) {
    message_deadline_ = kNever;
    input_.admit(co_await await_share(memory_.receiving->budget, input_.missing_bytes(wanted), shard_, &waiting_for_room_));
    co_return true;
  }
  error_code error;
  const std::size_t got = co_await stream_.async_read_some(asio::buffer(room.data(), room.size()), or_error(error));
  if (error) co_return false;
  input_.received(got);
  received_bytes_total_ += got;
  options_.client->received(got);
  message_bytes_ += got;
  co_return true;
}

void WebSocketConnection::expect_message() {
  if (message_deadline_ != kNever) return;
  const Time now = SteadyTime::now();
  message_deadline_ = now + options_.timeouts.frame;
  receiving_.begin(now, received_bytes_total_);
  deadlines_.look();
}

bool WebSocketConnection::handle_input() {
  if (message_begun_ && stream_.is_message_done()) {
    message_begun_ = false;
    message_ready_ = true;
    received_at_wait_ = received_bytes_total(socket().native_handle());
  }
  if (options_.whole_text_messages && !message_ready_) return true;
  while (true) {
    const auto consumed = session_->on_input({input_.unread(), input_});
    if (closed_) return false;
    if (consumed.has_error()) {
      close_because(consumed.error());
      return false;
    }
    input_.consume(consumed->bytes);
    wanted_bytes_ = consumed->wanted_bytes;
    message_ready_ = message_ready_ && !input_.unread().empty();
    if (consumed->bytes == 0 || input_.unread().empty() || !session_->wants_input()) return true;
  }
}

void WebSocketConnection::on_control_frame(websocket::frame_type type) {
  if (type == websocket::frame_type::close) peer_closes_ = true;
  received_at_control_frame_ = received_bytes_total(socket().native_handle());
  const Time now = SteadyTime::now();
  if (now - control_frames_since_ > kControlFramesWhile) {
    control_frames_since_ = now;
    control_frames_ = 0;
  }
  if (++control_frames_ != kControlFramesMax) return;
  // Not from inside of Beast's reading.
  asio::post(shard_.io(), [self = shared_from_this()] { self->close_with(close_code::policy_error); });
}

void WebSocketConnection::send(SharedBytes bytes, bool lent) {
  // Behind the last words nothing is said: the end would not come as long as there is more, and nothing may follow a close.
  if (bytes.empty() || closing_ || peer_closes_) return;
  message_bytes_unsent_ += bytes.size();
  message_.push_back({std::move(bytes), lent});
}

void WebSocketConnection::end_message() {
  if (message_.empty()) return;
  writer_.push(SharedBytes(frame_head(options_.whole_text_messages, std::exchange(message_bytes_unsent_, 0))), false);
  for (Piece& piece : message_) writer_.push(std::move(piece.bytes), piece.lent);
  message_.clear();
}

void WebSocketConnection::flush_soon() {
  end_message();
  writer_.flush_soon();
}

void WebSocketConnection::on_flushed() {
  if (!closing_) return session_->on_flushed();
  if (peer_closes_ || std::exchange(says_goodbye_, true)) return;
  stream_.async_close(close_reason_, [self = shared_from_this()](const error_code&) { self->close(); });
}

void WebSocketConnection::close_when_flushed() {
  if (closed_ || closing_) return;
  closing_ = true;
  resume_.cancel();
  flush_soon();
}

void WebSocketConnection::close_because(const Error& error) {
  if (closed_ || closing_) return;
  close_reason_.code = close_code_for(error);
  close_reason_.reason = ascii_front(error.message());
  close_when_flushed();
}

void WebSocketConnection::close_with(close_code code) {
  if (closed_ || closing_) return;
  close_reason_.code = code;
  close_when_flushed();
}

void WebSocketConnection::drain() {
  close_reason_.code = close_code::going_away;
  session_->drain();
}

WebSocketConnection::Time WebSocketConnection::deadline() const {
  const Time handshake = session_->established() ? kNever : handshake_deadline_;
  return std::min({handshake, message_deadline_, writer_.deadline()});
}

WebSocketConnection::Time WebSocketConnection::next_look() const {
  const Time receiving = message_deadline_ == kNever ? kNever : receiving_.check_at();
  return std::min({deadline(), receiving, writer_.next_look(), wait_check_});
}

void WebSocketConnection::look_at_deadlines() {
  const Time now = SteadyTime::now();
  if (deadline() <= now) return close();
  if (wait_check_ <= now) {
    wait_check_ = now + options_.timeouts.frame;
    const std::uint64_t received = received_bytes_total(socket().native_handle());
    // Bytes behind the last control frame are a head without its message, or empty fragments.
    const bool stuck = received > std::max(received_at_wait_, received_at_control_frame_);
    if (stuck || received - std::exchange(received_at_wait_, received) > kBytesWithoutMessageMax)
      close_with(close_code::policy_error);
  }
  if (!holds_up_others(now)) return deadlines_.look();
  report_eviction(shard_, socket(), unsent_bytes(), input_.unread().size());
  close();
}

bool WebSocketConnection::holds_up_others(Time now) {
  const bool receives_slowly = message_deadline_ != kNever && !receiving_.kept(now, received_bytes_total_, input_.share_bytes());
  const bool sends_slowly = writer_.too_slow(now);
  if (!receives_slowly && !sends_slowly) return false;
  if (input_.share_bytes() > 0 && memory_.receiving->budget->has_waiting(waiting_for_room_)) return true;
  return sends_slowly && session_->keeps_others_waiting();
}

void WebSocketConnection::close() {
  if (std::exchange(closed_, true)) return;
  error_code ignored;
  socket().close(ignored);
  resume_.cancel();
  deadlines_.stop();
  writer_.stop();
  if (waiting_for_room_ != 0) memory_.receiving->budget->give_up(waiting_for_room_);
  session_->on_closed();
  if (ended_) std::exchange(ended_, nullptr)();
}

}  // namespace leat::server
