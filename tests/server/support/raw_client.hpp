#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <variant>
#include <vector>

#include "protocol/base/result.hpp"
#include "protocol/native/codec.hpp"

namespace leat::server {

/// A frame as it came.
struct Frame {
  std::uint64_t correlation = 0;
  native::Message message;
  std::vector<std::byte> payload;
  std::size_t header_bytes = 0;

  [[nodiscard]] Errc error_code() const {
    const auto* error = std::get_if<native::ErrorReply>(&message);
    return error == nullptr ? Errc{} : error->code;
  }
};

/// Speaks the native protocol by hand over a blocking socket: whole messages, or any bytes at all. It shares the codec with the
/// broker and nothing else. A peer that says nothing for half a minute fails the test with an exception. One thread.
class RawClient {
 public:
  /// receive_buffer_bytes: 0 leaves it to the operating system.
  explicit RawClient(std::uint16_t port, int receive_buffer_bytes = 0);
  ~RawClient();
  RawClient(RawClient&& other) noexcept;
  RawClient& operator=(RawClient&&) = delete;

  /// False when the peer has closed.
  bool send_bytes(ByteSpan bytes);
  /// As many of the bytes as go without waiting; 0 also when the peer has closed.
  std::size_t send_some(ByteSpan bytes);
  bool send(const native::Message& message, std::uint64_t correlation, ByteSpan payload = {});
  /// The next frame; nothing when the peer has closed the connection, in whatever way.
  std::optional<Frame> receive();
  /// The next frame that is none of those that receive_frame() or ask() passed over.
  std::optional<Frame> receive_any();

  native::HelloReply hello();
  /// Sends a request and waits for its answer; other frames are kept for receive_any().
  Frame ask(const native::Message& request, ByteSpan payload = {});
  /// The answer's message, or the error it was.
  template <class Reply>
  Result<Reply> ask_for(const native::Message& request) {
    Frame frame = ask(request);
    if (auto* error = std::get_if<native::ErrorReply>(&frame.message)) return Error(error->code, error->message);
    return std::get<Reply>(std::move(frame.message));
  }

  /// Returns the correlation.
  std::uint64_t start_publish(const native::TopicPartition& target, ByteSpan batch,
                              native::AckLevel ack = native::AckLevel::durable);
  Result<native::PublishAck> wait_for_ack(std::uint64_t correlation);
  Result<native::PublishAck> publish(const native::TopicPartition& target, ByteSpan batch,
                                     native::AckLevel ack = native::AckLevel::durable) {
    return wait_for_ack(start_publish(target, batch, ack));
  }
  /// The next message of this kind that comes by itself; acknowledgements met on the way are kept.
  template <class Kind>
  Frame wait_for() {
    for (auto at = kept_.begin(); at != kept_.end(); ++at) {
      if (!std::holds_alternative<Kind>(at->message)) continue;
      Frame frame = std::move(*at);
      kept_.erase(at);
      return frame;
    }
    while (true) {
      auto frame = receive();
      if (!frame) throw std::runtime_error("the connection was closed");
      if (std::holds_alternative<Kind>(frame->message)) return std::move(*frame);
      keep(std::move(*frame));
    }
  }

  void close();
  void shut_down_sending();
  /// The peer closes without saying anything more.
  bool is_closed() { return !receive_any().has_value(); }

 private:
  void keep(Frame frame);
  bool fill(std::size_t bytes);

  int socket_ = -1;
  std::vector<std::byte> input_;
  std::uint64_t next_correlation_ = 1;
  std::deque<Frame> kept_;
  std::map<std::uint64_t, Result<native::PublishAck>> acks_;
};

}  // namespace leat::server
