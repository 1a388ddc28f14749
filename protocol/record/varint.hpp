#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>

#include "protocol/base/bytes.hpp"

namespace leat::record {

inline constexpr std::size_t kVarint32BytesMax = 5;
inline constexpr std::size_t kVarint64BytesMax = 10;

constexpr std::uint64_t zigzag(std::int64_t value) {
  return (static_cast<std::uint64_t>(value) << 1) ^ static_cast<std::uint64_t>(value >> 63);
}

constexpr std::int64_t unzigzag(std::uint64_t value) { return static_cast<std::int64_t>((value >> 1) ^ (0 - (value & 1))); }

/// The length of put_varint's output: one byte for every seven bits begun.
constexpr std::size_t varint_bytes(std::int64_t value) {
  return (static_cast<std::size_t>(std::bit_width(zigzag(value) | 1)) * 9 + 64) / 64;
}

/// Writes a zigzag varint of 32 or 64 bits (they are alike) and returns the place behind it.
inline std::byte* put_varint(std::byte* to, std::int64_t value) {
  std::uint64_t rest = zigzag(value);
  for (; rest >= 0x80; rest >>= 7) *to++ = static_cast<std::byte>(rest | 0x80);
  *to++ = static_cast<std::byte>(rest);
  return to;
}

/// Takes the parts of a record off the front of some bytes; nullopt where they end too early. Longer forms of a varint than
/// needed are read as Kafka reads them, up to 5 bytes for 32 bits and 10 for 64, as long as the value fits.
class RecordCursor {
 public:
  RecordCursor() = default;
  explicit RecordCursor(ByteSpan bytes) : rest_(bytes) {}

  [[nodiscard]] ByteSpan rest() const { return rest_; }
  [[nodiscard]] std::size_t remaining() const { return rest_.size(); }

  std::optional<ByteSpan> take(std::size_t length) {
    if (length > rest_.size()) return std::nullopt;
    const ByteSpan taken = rest_.first(length);
    rest_ = rest_.subspan(length);
    return taken;
  }

  std::optional<std::int32_t> varint() {
    const auto value = unsigned_varint(kVarint32BytesMax);
    if (!value || *value > std::numeric_limits<std::uint32_t>::max()) return std::nullopt;
    return static_cast<std::int32_t>(unzigzag(*value));
  }

  std::optional<std::int64_t> varlong() {
    const auto value = unsigned_varint(kVarint64BytesMax);
    if (!value) return std::nullopt;
    return unzigzag(*value);
  }

 private:
  std::optional<std::uint64_t> unsigned_varint(std::size_t bytes_max) {
    if (!rest_.empty() && rest_[0] < std::byte{0x80}) {  // by far the most
      const auto byte = std::to_integer<std::uint64_t>(rest_[0]);
      rest_ = rest_.subspan(1);
      return byte;
    }
    std::uint64_t value = 0;
    const std::size_t end = rest_.size() < bytes_max ? rest_.size() : bytes_max;
    for (std::size_t i = 0; i < end; ++i) {
      const auto byte = std::to_integer<std::uint64_t>(rest_[i]);
      if (i == kVarint64BytesMax - 1 && byte > 1) return std::nullopt;
      value |= (byte & 0x7f) << (7 * i);
      if (byte < 0x80) {
        rest_ = rest_.subspan(i + 1);
        return value;
      }
    }
    return std::nullopt;
  }

  ByteSpan rest_;
};

}  // namespace leat::record
