#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "protocol/base/bytes.hpp"
#include "protocol/base/endian.hpp"
#include "protocol/base/result.hpp"

/// The frames of RabbitMQ's stream protocol that a load needs (deps/rabbitmq_stream/docs/PROTOCOL.adoc in the broker's
/// repository): a length, a key, a version, a body; integers are big-endian.
namespace leat::load::rabbit {

enum class Key : std::uint16_t {
  declare_publisher = 0x01,
  publish = 0x02,
  publish_confirm = 0x03,
  publish_error = 0x04,
  subscribe = 0x07,
  deliver = 0x08,
  credit = 0x09,
  create = 0x0d,
  remove = 0x0e,
  metadata = 0x0f,
  metadata_update = 0x10,
  peer_properties = 0x11,
  sasl_handshake = 0x12,
  sasl_authenticate = 0x13,
  tune = 0x14,
  open = 0x15,
  close = 0x16,
  heartbeat = 0x17,
};

/// The codes of answers that mean something here.
enum class Code : std::uint16_t { ok = 1, no_such_stream = 2, stream_exists = 5, stream_not_available = 6 };

template <std::integral T>
void append(std::string& out, T value) {
  std::byte bytes[sizeof value];
  store_be(bytes, value);
  out.append(reinterpret_cast<const char*>(bytes), sizeof bytes);
}
void append_string(std::string& out, std::string_view text);

/// Appends a frame: the key, then what `body` holds.
void append_frame(std::string& out, Key key, std::string_view body);

struct Frame {
  Key key = Key::heartbeat;
  bool is_response = false;
  ByteSpan body;           ///< behind key and version
  std::size_t size_bytes;  ///< of the whole frame
};

/// The frame at the beginning; nothing when it is not complete. Fails with malformed_frame.
Result<std::optional<Frame>> parse_frame(ByteSpan in);

/// A Publish frame as it grows at the end of a string: values are added until finish() writes the lengths.
class PublishFrame {
 public:
  [[nodiscard]] bool is_open() const { return is_open_; }
  /// The frame begins at the string's end.
  void begin(std::string& out, std::uint8_t publisher);
  void add(std::string& out, std::uint64_t publishing_id, ByteSpan value);
  /// Nothing may have been appended behind the frame.
  void finish(std::string& out);

 private:
  bool is_open_ = false;
  std::size_t size_bytes_ = 0;
  std::uint32_t records_ = 0;
};

/// The confirmed publishing ids of a PublishConfirm's body.
class Confirms {
 public:
  static Result<Confirms> parse(ByteSpan body);
  [[nodiscard]] std::uint8_t publisher() const { return publisher_; }
  [[nodiscard]] std::size_t size() const { return ids_.size() / sizeof(std::uint64_t); }
  [[nodiscard]] std::uint64_t operator[](std::size_t i) const {
    return load_be<std::uint64_t>(ids_.data() + i * sizeof(std::uint64_t));
  }

 private:
  std::uint8_t publisher_ = 0;
  ByteSpan ids_;
};

/// The values of a chunk, which a Deliver's body holds.
class ChunkReader {
 public:
  static Result<ChunkReader> open(ByteSpan deliver_body);
  /// Nothing behind the last one. Fails with malformed_frame; with unsupported_request on batches within a chunk, which nobody
  /// here publishes.
  Result<std::optional<ByteSpan>> next();

 private:
  std::uint32_t left_ = 0;
  ByteSpan entries_;
};

}  // namespace leat::load::rabbit
