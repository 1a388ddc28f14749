#include "server/net/tcp_connection.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "server/net/pace_guard.hpp"

namespace leat::server {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;
using SteadyTime = std::chrono::steady_clock;

/// After so many reads in a row the shard's other work gets its turn.
constexpr int kReadsInARowMax = 8;
/// How long a peer has to take the last answers. Closing at once, with bytes of its unread, would reset the connection and lose
/// them.
constexpr std::chrono::seconds kLingerMax{3};
/// A peer whose machine is gone is noticed after two minutes of silence; one that lives answers without knowing.
constexpr int kKeepAliveIdleSeconds = 60;
constexpr int kKeepAliveIntervalSeconds = 15;
constexpr int kKeepAliveProbes = 4;

}  // namespace

TcpConnection::TcpConnection(asio::ip::tcp::socket socket, Shard& shard, std::shared_ptr<const ReceiveMemory> memory,
                             const ConnectionTimeouts& timeouts, ClientEntry client)
    : socket_(std::move(socket)),
      shard_(shard),
      timeouts_(timeouts),
      memory_(std::move(memory)),
      client_(std::move(client)),
      input_(memory_),
      writer_(socket_, shard, timeouts.send, client_),
      resume_(shard.io()),
      deadlines_(shard.io()) {}

void TcpConnection::start(std::shared_ptr<Session> session, std::function<void()> ended) {
  session_ = std::move(session);
  ended_ = std::move(ended);
  set_socket_options();
  handshake_deadline_ = SteadyTime::now() + timeouts_.handshake;
  deadlines_.start(
      weak_from_this(), [this] { return next_look(); }, [this] { look_at_deadlines(); });
  deadlines_.look();
  writer_.start(weak_from_this(), {[this] { on_flushed(); }, [this] { close(); }, [this] { deadlines_.look(); }});
  session_->start();
  asio::co_spawn(
      shard_.io(), [self = shared_from_this()] { return self->read_loop(); },
      [self = shared_from_this()](const std::exception_ptr& thrown) {
        // The loop itself closes: at once, or when the last words are sent.
        if (thrown) self->close();
      });
}

void TcpConnection::set_socket_options() {
  error_code ignored;
  socket_.non_blocking(true, ignored);
  socket_.set_option(asio::ip::tcp::no_delay(true), ignored);
  socket_.set_option(asio::socket_base::keep_alive(true), ignored);
  const auto set = [this](int option, int value) {
    ::setsockopt(socket_.native_handle(), IPPROTO_TCP, option, &value, sizeof value);
  };
  set(TCP_KEEPIDLE, kKeepAliveIdleSeconds);
  set(TCP_KEEPINTVL, kKeepAliveIntervalSeconds);
  set(TCP_KEEPCNT, kKeepAliveProbes);
}

asio::awaitable<void> TcpConnection::pause() {
  error_code ignored;
  resume_.expires_at(kNever);
  co_await resume_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
}

asio::awaitable<void> TcpConnection::read_loop() {
  error_code error;
  int in_a_row = 0;
  bool drained = false;  // the socket gave less than there was room for: reading again would find nothing
  while (!closed_ && !closing_) {
    // Before every wait: while this waited for its turn, or was paused, the session may have come to want what is there already,
    // and it may be all that comes.
    if (!handle_input()) break;
    if (!session_->wants_input()) {
      frame_deadline_ = kNever;  // the wait is not the peer's fault
      co_await pause();
      continue;
    }
    const MutableByteSpan room = input_.prepare(wanted_bytes_);
    if (room.empty()) {
      wait_for_room();
      co_await pause();
      continue;
    }
    stop_waiting_for_room();
    const std::size_t got = drained ? 0 : socket_.read_some(asio::buffer(room.data(), room.size()), error);
    if (drained || error == asio::error::would_block) {
      in_a_row = 0;
      drained = false;
      input_.park(ReceiveMemory::kOwnBytes);
      if (!input_.unread().empty()) expect_frame();
      co_await socket_.async_wait(asio::socket_base::wait_read, asio::redirect_error(asio::use_awaitable, error));
      if (error) break;
      continue;
    }
    if (error) break;
    drained = got < room.size();
    input_.received(got);
    received_bytes_total_ += got;
    if (client_) client_->received(got);
    if (++in_a_row == kReadsInARowMax) {
      in_a_row = 0;
      // Behind the round's end, so that what others are sent does not wait for all that comes here.
      shard_.defer([self = shared_from_this()] { self->resume_.cancel(); });
      co_await pause();
    }
  }
  // A session that ended the connection itself has its last words sent first.
  if (!closing_) close();
}

void TcpConnection::wait_for_room() {
  // The time in the line does not count: who is slow ahead of it is no fault of this peer. Each of those has its deadline.
  frame_deadline_ = kNever;
  if (waiting_for_room_ != 0) return;
  waiting_for_room_ =
      memory_->budget->wait(input_.missing_bytes(wanted_bytes_),
                            [weak = weak_from_this(), &shard = shard_](ByteBudget::Ticket ticket, ByteBudget::Share share) {
                              shard.post([weak, ticket, share = std::move(share)]() mutable {
                                if (const auto self = weak.lock()) self->on_room(ticket, std::move(share));
                              });
                            });
}

void TcpConnection::on_room(ByteBudget::Ticket ticket, ByteBudget::Share share) {
  if (closed_ || ticket != waiting_for_room_) return;
  waiting_for_room_ = 0;
  input_.admit(std::move(share));
  expect_frame();
  resume_.cancel();
}

void TcpConnection::expect_frame() {
  if (frame_deadline_ != kNever) return;
  const Time now = SteadyTime::now();
  frame_deadline_ = now + timeouts_.frame;
  receiving_.begin(now, received_bytes_total_);
  deadlines_.look();
}

void TcpConnection::stop_waiting_for_room() {
  if (waiting_for_room_ != 0) memory_->budget->cancel(std::exchange(waiting_for_room_, 0));
}

bool TcpConnection::handle_input() {
  while (true) {
    const auto consumed = session_->on_input({input_.unread(), input_});
    if (closed_ || closing_) return false;
    if (consumed.has_error()) {
      close_when_flushed();
      return false;
    }
    if (consumed->bytes > 0) frame_deadline_ = kNever;
    input_.consume(consumed->bytes);
    wanted_bytes_ = consumed->wanted_bytes;
    // A session that stopped in the middle, to be asked again, has not said how much more it needs.
    if (consumed->bytes == 0 || !session_->wants_input()) return true;
  }
}

void TcpConnection::on_flushed() {
  if (closing_) return linger();
  session_->on_flushed();
}

void TcpConnection::close_when_flushed() {
  if (closed_ || closing_) return;
  closing_ = true;
  resume_.cancel();
  linger_deadline_ = SteadyTime::now() + kLingerMax;
  deadlines_.look();
  flush_soon();
}

void TcpConnection::linger() {
  error_code ignored;
  socket_.shutdown(asio::socket_base::shutdown_send, ignored);
  discard_input();
}

void TcpConnection::discard_input() {
  socket_.async_wait(asio::socket_base::wait_read, [self = shared_from_this()](error_code error) {
    std::array<std::byte, 4096> unwanted;
    for (int i = 0; i < kReadsInARowMax && !error; ++i) self->socket_.read_some(asio::buffer(unwanted), error);
    if (!error || error == asio::error::would_block) return self->discard_input();
    self->close();
  });
}

TcpConnection::Time TcpConnection::deadline() const {
  const Time handshake = session_->established() ? kNever : handshake_deadline_;
  return std::min({handshake, frame_deadline_, writer_.deadline(), linger_deadline_});
}

TcpConnection::Time TcpConnection::next_look() const {
  const Time receiving = frame_deadline_ == kNever ? kNever : receiving_.check_at();
  return std::min({deadline(), receiving, writer_.next_look()});
}

void TcpConnection::look_at_deadlines() {
  const Time now = SteadyTime::now();
  if (deadline() <= now) return close();
  if (holds_up_others(now)) return evict();
  deadlines_.look();
}

bool TcpConnection::holds_up_others(Time now) {
  const bool receives_slowly = frame_deadline_ != kNever && !receiving_.kept(now, received_bytes_total_, input_.share_bytes());
  const bool sends_slowly = writer_.too_slow(now);
  if (!receives_slowly && !sends_slowly) return false;
  if (input_.share_bytes() > 0 && memory_->budget->has_waiting(waiting_for_room_)) return true;
  return sends_slowly && session_->keeps_others_waiting();
}

void TcpConnection::evict() {
  report_eviction(shard_, socket_, writer_.unsent_bytes(), input_.unread().size());
  close();
}

void TcpConnection::close() {
  if (closed_) return;
  closed_ = true;
  error_code ignored;
  socket_.close(ignored);
  resume_.cancel();
  deadlines_.stop();
  writer_.stop();
  stop_waiting_for_room();
  session_->on_closed();
  if (ended_) std::exchange(ended_, nullptr)();
}

}  // namespace leat::server
