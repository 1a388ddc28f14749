#include "server/support/raw_client.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace leat::server {
namespace {

constexpr int kSilenceMaxSeconds = 30;

[[noreturn]] void fail(const char* what) { throw std::system_error(errno, std::generic_category(), what); }

}  // namespace

RawClient::RawClient(std::uint16_t port, int receive_buffer_bytes) {
  socket_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (socket_ < 0) fail("socket");
  if (receive_buffer_bytes > 0) ::setsockopt(socket_, SOL_SOCKET, SO_RCVBUF, &receive_buffer_bytes, sizeof receive_buffer_bytes);
  const timeval silence{kSilenceMaxSeconds, 0};
  ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &silence, sizeof silence);
  ::setsockopt(socket_, SOL_SOCKET, SO_SNDTIMEO, &silence, sizeof silence);
  const int on = 1;
  ::setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    const int error = errno;
    close();  // a constructor that throws has no destructor: tests that connect until somebody listens ran out of descriptors
    errno = error;
    fail("connect");
  }
}

RawClient::~RawClient() { close(); }

RawClient::RawClient(RawClient&& other) noexcept
    : socket_(std::exchange(other.socket_, -1)),
      input_(std::move(other.input_)),
      next_correlation_(other.next_correlation_),
      kept_(std::move(other.kept_)),
      acks_(std::move(other.acks_)) {}

void RawClient::close() {
  if (socket_ >= 0) ::close(std::exchange(socket_, -1));
}

void RawClient::shut_down_sending() { ::shutdown(socket_, SHUT_WR); }

bool RawClient::send_bytes(ByteSpan bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0 && (errno == EPIPE || errno == ECONNRESET)) return false;
    if (sent < 0) fail("send");
    bytes = bytes.subspan(static_cast<std::size_t>(sent));
  }
  return true;
}

std::size_t RawClient::send_some(ByteSpan bytes) {
  const ssize_t sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  return sent < 0 ? 0 : static_cast<std::size_t>(sent);
}

bool RawClient::send(const native::Message& message, std::uint64_t correlation, ByteSpan payload) {
  std::vector<std::byte> frame;
  native::encode_frame(message, correlation, payload.size(), frame);
  frame.insert(frame.end(), payload.begin(), payload.end());
  return send_bytes(frame);
}

bool RawClient::fill(std::size_t bytes) {
  while (input_.size() < bytes) {
    std::byte piece[64U << 10];
    const ssize_t got = ::recv(socket_, piece, sizeof piece, 0);
    if (got == 0 || (got < 0 && errno == ECONNRESET)) return false;
    if (got < 0) fail("the broker is silent");
    input_.insert(input_.end(), piece, piece + got);
  }
  return true;
}

std::optional<Frame> RawClient::receive() {
  constexpr std::size_t kAnySize = 1U << 30;
  while (true) {
    const auto found = native::next_frame(input_, kAnySize).value();
    if (const auto* need = std::get_if<native::FrameNeed>(&found)) {
      if (!fill(need->bytes_total)) return std::nullopt;
      continue;
    }
    const auto& view = std::get<native::FrameView>(found);
    auto decoded = native::decode_header(view.header);
    if (decoded.has_error()) throw std::runtime_error("the broker sent a bad header: " + decoded.error().error.message());
    Frame frame{
        decoded->correlation, std::move(decoded->message), {view.payload.begin(), view.payload.end()}, view.header.size()};
    input_.erase(input_.begin(), input_.begin() + static_cast<std::ptrdiff_t>(view.bytes));
    return frame;
  }
}

std::optional<Frame> RawClient::receive_any() {
  if (kept_.empty()) return receive();
  Frame frame = std::move(kept_.front());
  kept_.pop_front();
  return frame;
}

void RawClient::keep(Frame frame) {
  if (const auto* acks = std::get_if<native::PublishAcks>(&frame.message)) {
    for (const native::PublishAck& ack : acks->acks) acks_.emplace(ack.correlation, ack);
    return;
  }
  kept_.push_back(std::move(frame));
}

native::HelloReply RawClient::hello() {
  const Frame frame = ask(native::Hello{1, 1, "raw", "1"});
  if (const auto* error = std::get_if<native::ErrorReply>(&frame.message)) throw std::runtime_error(error->message);
  return std::get<native::HelloReply>(frame.message);
}

Frame RawClient::ask(const native::Message& request, ByteSpan payload) {
  const std::uint64_t correlation = next_correlation_++;
  send(request, correlation, payload);
  while (auto frame = receive()) {
    if (frame->correlation == correlation) return std::move(*frame);
    keep(std::move(*frame));
  }
  throw std::runtime_error("the connection was closed instead of an answer");
}

std::uint64_t RawClient::start_publish(const native::TopicPartition& target, ByteSpan batch, native::AckLevel ack) {
  const std::uint64_t correlation = next_correlation_++;
  send(native::Publish{target, ack}, correlation, batch);
  return correlation;
}

Result<native::PublishAck> RawClient::wait_for_ack(std::uint64_t correlation) {
  for (auto at = kept_.begin(); at != kept_.end(); ++at) {
    const auto* error = std::get_if<native::ErrorReply>(&at->message);
    if (error == nullptr || at->correlation != correlation) continue;
    const Error refused(error->code, error->message);
    kept_.erase(at);
    return refused;
  }
  while (!acks_.contains(correlation)) {
    auto frame = receive();
    if (!frame) throw std::runtime_error("the connection was closed instead of an acknowledgement");
    const auto* error = std::get_if<native::ErrorReply>(&frame->message);
    if (error != nullptr && frame->correlation == correlation) return Error(error->code, error->message);
    keep(std::move(*frame));
  }
  const auto ack = acks_.at(correlation);
  acks_.erase(correlation);
  return ack;
}

}  // namespace leat::server
