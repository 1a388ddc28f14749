#include "server/net/tcp_connection.hpp"

#include <array>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace leat::server {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

/// After so many reads in a row the shard's other work gets its turn.
constexpr int kReadsInARowMax = 8;
/// How long a peer has to take the last answers. Closing at once, with bytes of its unread, would reset the connection and lose
/// them.
constexpr std::chrono::seconds kLingerMax{3};
/// What a connection with nothing to read may keep without a block.
constexpr std::size_t kParkedBytesMax = 16U << 10;
/// All that one may have sent that has not said hello: thousands of them must not hold a block each.
constexpr std::size_t kParkedBytesMaxBeforeHello = 64U << 10;

}  // namespace

TcpConnection::TcpConnection(asio::ip::tcp::socket socket, Shard& shard, std::shared_ptr<storage::BlockPool> blocks,
                             std::chrono::milliseconds handshake_timeout)
    : socket_(std::move(socket)),
      shard_(shard),
      handshake_timeout_(handshake_timeout),
      input_(std::move(blocks)),
      resume_(shard.io()),
      deadline_(shard.io()) {}

void TcpConnection::start(std::shared_ptr<Session> session, std::function<void()> ended) {
  session_ = std::move(session);
  ended_ = std::move(ended);
  error_code ignored;
  socket_.non_blocking(true, ignored);
  socket_.set_option(asio::ip::tcp::no_delay(true), ignored);
  socket_.set_option(asio::socket_base::keep_alive(true), ignored);
  deadline_.expires_after(handshake_timeout_);
  deadline_.async_wait([weak = weak_from_this()](const error_code& error) {
    const auto self = weak.lock();
    if (!error && self && !self->session_->established()) self->close();
  });
  asio::co_spawn(
      shard_.io(), [self = shared_from_this()] { return self->read_loop(); },
      [self = shared_from_this()](const std::exception_ptr& thrown) {
        // The loop itself closes: at once, or when the last words are sent.
        if (thrown) self->close();
      });
}

asio::awaitable<void> TcpConnection::read_loop() {
  error_code error;
  int in_a_row = 0;
  while (!closed_ && !closing_) {
    if (!session_->wants_input()) {
      resume_.expires_at(asio::steady_timer::time_point::max());
      co_await resume_.async_wait(asio::redirect_error(asio::use_awaitable, error));
      // What was received before the pause may be all that comes.
      if (!closed_ && !closing_ && session_->wants_input() && !handle_input()) break;
      continue;
    }
    const MutableByteSpan room = input_.prepare(wanted_bytes_);
    const std::size_t got = socket_.read_some(asio::buffer(room.data(), room.size()), error);
    if (error == asio::error::would_block) {
      in_a_row = 0;
      input_.park(session_->established() ? kParkedBytesMax : kParkedBytesMaxBeforeHello);
      co_await socket_.async_wait(asio::socket_base::wait_read, asio::redirect_error(asio::use_awaitable, error));
      if (error) break;
      continue;
    }
    if (error) break;
    input_.received(got);
    if (!handle_input()) break;
    if (++in_a_row == kReadsInARowMax) {
      in_a_row = 0;
      co_await asio::post(shard_.io(), asio::use_awaitable);
    }
  }
  // A session that ended the connection itself has its last words sent first.
  if (!closing_) close();
}

bool TcpConnection::handle_input() {
  while (true) {
    const auto consumed = session_->on_input({input_.unread(), input_});
    if (closed_) return false;
    if (consumed.has_error()) {
      close_when_flushed();
      return false;
    }
    input_.consume(consumed->bytes);
    wanted_bytes_ = consumed->wanted_bytes;
    // A session that stopped in the middle, to be asked again, has not said how much more it needs.
    if (consumed->bytes == 0 || !session_->wants_input()) return true;
  }
}

void TcpConnection::flush_soon() {
  if (flush_scheduled_ || writing_ || closed_) return;
  flush_scheduled_ = true;
  asio::post(shard_.io(), [self = shared_from_this()] {
    self->flush_scheduled_ = false;
    self->flush();
  });
}

void TcpConnection::flush() {
  if (closed_ || writing_) return;
  error_code error;
  switch (outbox_.flush(socket_, error)) {
    case Outbox::Flushed::failed:
      return close();
    case Outbox::Flushed::partly:
      return wait_writable();
    case Outbox::Flushed::everything:
      break;
  }
  if (closing_) return linger();
  session_->on_flushed();
}

void TcpConnection::wait_writable() {
  writing_ = true;
  socket_.async_wait(asio::socket_base::wait_write, [self = shared_from_this()](const error_code& error) {
    self->writing_ = false;
    if (error) return self->close();
    self->flush();
  });
}

void TcpConnection::resume_reading() { resume_.cancel(); }

void TcpConnection::close_when_flushed() {
  if (closed_ || closing_) return;
  closing_ = true;
  resume_.cancel();
  deadline_.expires_after(kLingerMax);
  deadline_.async_wait([self = shared_from_this()](const error_code& error) {
    if (!error) self->close();
  });
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

void TcpConnection::close() {
  if (closed_) return;
  closed_ = true;
  error_code ignored;
  socket_.close(ignored);
  resume_.cancel();
  deadline_.cancel();
  session_->on_closed();
  if (ended_) std::exchange(ended_, nullptr)();
}

}  // namespace leat::server
