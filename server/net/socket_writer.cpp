#include "server/net/socket_writer.hpp"

#include <boost/asio/error.hpp>

#include "protocol/base/assert.hpp"
#include "server/config/logging.hpp"
#include "server/net/tcp_progress.hpp"

namespace leat::server {

using boost::system::error_code;

void SocketWriter::start(std::weak_ptr<void> owner, Events events) {
  owner_ = std::move(owner);
  events_ = std::move(events);
  running_ = true;
  flush_soon();
}

void SocketWriter::stop() {
  running_ = false;
  if (sent_) std::exchange(sent_, nullptr)(boost::asio::error::operation_aborted);
}

void SocketWriter::when_sent(std::function<void(const error_code&)> sent) {
  LEAT_ASSERT(!sent_);
  if (!running_) return sent(boost::asio::error::operation_aborted);
  sent_ = std::move(sent);
  sent_after_ = outbox_.sent_bytes_total() + outbox_.bytes();
  flush_soon();
}

void SocketWriter::flush_soon() {
  if (flush_scheduled_ || waiting_ || !running_) return;
  flush_scheduled_ = true;
  shard_.defer([this, owner = owner_.lock()] {
    flush_scheduled_ = false;
    flush();
  });
}

void SocketWriter::flush() {
  if (!running_ || waiting_) return;
  error_code error;
  const std::uint64_t sent_before = outbox_.sent_bytes_total();
  const Outbox::Flushed flushed = outbox_.flush(socket_, error);
  if (client_) client_->sent(outbox_.sent_bytes_total() - sent_before);
  if (sent_ && outbox_.sent_bytes_total() >= sent_after_) std::exchange(sent_, nullptr)({});
  switch (flushed) {
    case Outbox::Flushed::failed:
      if (outbox_.failed_in_file()) {
        log::error("connection closed, a segment could not be sent from its file", {{"error", error.message()}});
      }
      return events_.failed();
    case Outbox::Flushed::partly:
      expect_progress();
      return wait_writable();
    case Outbox::Flushed::everything:
      deadline_ = kNever;
      return events_.flushed();
  }
}

void SocketWriter::expect_progress() {
  const std::uint64_t sent = outbox_.sent_bytes_total();
  if (deadline_ != kNever && sent < goal_) return;
  const Time now = Time::clock::now();
  if (deadline_ == kNever) pace_.begin(now, acknowledged_bytes_total(socket_.native_handle()));
  goal_ = sent + outbox_.bytes();
  deadline_ = now + timeout_;
  events_.waits();
}

void SocketWriter::wait_writable() {
  waiting_ = true;
  socket_.async_wait(boost::asio::socket_base::wait_write, [this, owner = owner_.lock()](const error_code& error) {
    waiting_ = false;
    if (!running_) return;
    if (error) return events_.failed();
    flush();
  });
}

bool SocketWriter::too_slow(Time now) {
  return deadline_ != kNever && !pace_.kept(now, acknowledged_bytes_total(socket_.native_handle()), outbox_.bytes());
}

}  // namespace leat::server
