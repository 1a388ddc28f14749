#include "tests/client/fake/fake_session.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/write.hpp>
#include <cstring>

#include "tests/client/fake/fake_broker.hpp"

namespace leat::testing {
namespace {

constexpr std::size_t kInputBytes = 16 << 20;

}  // namespace

void FakeSession::start() {
  input_.resize(kInputBytes);
  if (is_web_socket_) return accept_web_socket();
  read();
}

void FakeSession::accept_web_socket() {
  namespace websocket = boost::beast::websocket;
  stream_.binary(true);
  stream_.set_option(websocket::stream_base::decorator(
      [](websocket::response_type& response) { response.set(boost::beast::http::field::sec_websocket_protocol, "leat.v1"); }));
  stream_.async_accept([self = shared_from_this()](const boost::system::error_code& problem) {
    const std::lock_guard lock(self->broker_.mutex());
    if (problem) self->close();
    if (!self->closed_) self->read();
  });
}

void FakeSession::read() {
  const auto space = boost::asio::buffer(input_.data() + filled_, input_.size() - filled_);
  const auto done = [self = shared_from_this()](const boost::system::error_code& problem, std::size_t bytes) {
    const std::lock_guard lock(self->broker_.mutex());
    if (problem) self->close();
    if (!self->closed_) self->on_read(bytes);
  };
  is_web_socket_ ? stream_.async_read_some(space, done) : stream_.next_layer().async_read_some(space, done);
}

void FakeSession::on_read(std::size_t bytes) {
  filled_ += bytes;
  std::size_t used = 0;
  while (!closed_) {
    const auto found = native::next_frame(ByteSpan(input_).subspan(used, filled_ - used), broker_.frame_bytes_max());
    if (found.has_error()) return close();
    const auto* frame = std::get_if<native::FrameView>(&*found);
    if (frame == nullptr) break;
    auto decoded = native::decode_header(frame->header);
    if (decoded.has_error()) return close();
    broker_.handle(*this, *decoded, frame->payload);
    used += frame->bytes;
  }
  if (closed_) return;
  std::memmove(input_.data(), input_.data() + used, filled_ - used);
  filled_ -= used;
  read();
}

void FakeSession::send(const native::Message& message, std::uint64_t correlation, ByteSpan payload) {
  if (closed_) return;
  native::encode_frame(message, correlation, payload.size(), queued_);
  queued_.insert(queued_.end(), payload.begin(), payload.end());
  if (writing_.empty()) write();
}

void FakeSession::write() {
  std::swap(queued_, writing_);
  if (writing_.empty()) return;
  const auto done = [self = shared_from_this()](const boost::system::error_code& problem, std::size_t) {
    const std::lock_guard lock(self->broker_.mutex());
    self->writing_.clear();
    if (!problem && !self->closed_) self->write();
  };
  const auto bytes = boost::asio::buffer(writing_);
  is_web_socket_ ? stream_.async_write(bytes, done) : boost::asio::async_write(stream_.next_layer(), bytes, done);
}

void FakeSession::close() {
  if (std::exchange(closed_, true)) return;
  boost::system::error_code ignored;
  stream_.next_layer().close(ignored);
  broker_.forget(*this);
}

}  // namespace leat::testing
