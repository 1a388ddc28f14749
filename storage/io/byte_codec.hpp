#pragma once

#include <concepts>
#include <vector>

#include "protocol/base/bytes.hpp"
#include "protocol/base/endian.hpp"

namespace leat::storage {

/// Lays out little-endian integers one behind the other.
class ByteWriter {
 public:
  template <std::integral T>
  void put(T value) {
    const std::size_t at = bytes_.size();
    bytes_.resize(at + sizeof value);
    store_le(bytes_.data() + at, value);
  }
  [[nodiscard]] ByteSpan bytes() const { return bytes_; }

 private:
  std::vector<std::byte> bytes_;
};

/// Reads them back. Past the end it yields zeros and remembers that it overran.
class ByteReader {
 public:
  explicit ByteReader(ByteSpan bytes) : bytes_(bytes) {}

  template <std::integral T>
  T get() {
    if (bytes_.size() < sizeof(T)) {
      overrun_ = true;
      bytes_ = {};
      return T{};
    }
    const T value = load_le<T>(bytes_.data());
    bytes_ = bytes_.subspan(sizeof(T));
    return value;
  }
  [[nodiscard]] std::size_t left() const { return bytes_.size(); }
  [[nodiscard]] bool overrun() const { return overrun_; }

 private:
  ByteSpan bytes_;
  bool overrun_ = false;
};

}  // namespace leat::storage
