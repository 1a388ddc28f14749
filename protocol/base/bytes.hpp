#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace leat {

using ByteSpan = std::span<const std::byte>;
using MutableByteSpan = std::span<std::byte>;

/// Immutable bytes that several owners keep alive together: a slice of a network buffer, of a journal block or of a file read.
/// Copying shares, it never copies the bytes. Any thread, as the bytes do not change.
class SharedBytes {
 public:
  SharedBytes() = default;
  SharedBytes(std::shared_ptr<const void> owner, ByteSpan bytes) : owner_(std::move(owner)), bytes_(bytes) {}

  /// Takes over a vector.
  explicit SharedBytes(std::vector<std::byte> bytes) {
    auto owner = std::make_shared<const std::vector<std::byte>>(std::move(bytes));
    bytes_ = *owner;
    owner_ = std::move(owner);
  }

  /// The same with text.
  explicit SharedBytes(std::string text) {
    auto owner = std::make_shared<const std::string>(std::move(text));
    bytes_ = std::as_bytes(std::span(*owner));
    owner_ = std::move(owner);
  }

  [[nodiscard]] ByteSpan span() const { return bytes_; }
  [[nodiscard]] std::size_t size() const { return bytes_.size(); }
  [[nodiscard]] bool empty() const { return bytes_.empty(); }
  /// The same owner, fewer bytes.
  [[nodiscard]] SharedBytes slice(std::size_t at, std::size_t length) const { return {owner_, bytes_.subspan(at, length)}; }
  /// `part` is a part of these bytes.
  [[nodiscard]] SharedBytes slice(ByteSpan part) const { return {owner_, part}; }

 private:
  std::shared_ptr<const void> owner_;
  ByteSpan bytes_;
};

inline ByteSpan as_bytes(std::string_view text) { return std::as_bytes(std::span(text)); }
inline std::string_view as_text(ByteSpan bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }

}  // namespace leat
