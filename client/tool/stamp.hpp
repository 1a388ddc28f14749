#pragma once

#include <cstdint>
#include <optional>

#include "protocol/base/bytes.hpp"
#include "protocol/base/endian.hpp"

namespace leat::tool {

/// The front of a value in the benches that measure from publishing to receipt.
struct Stamp {
  static constexpr std::size_t kBytes = 16;

  std::int64_t intended_ns = 0;  ///< when the record was meant to be sent, by the steady clock; 0: not to be measured
  std::uint64_t run = 0;         ///< as others may publish to the topic as well

  void write(MutableByteSpan value) const {
    store_le(value.data(), intended_ns);
    store_le(value.data() + sizeof intended_ns, run);
  }

  static std::optional<Stamp> read(ByteSpan value) {
    if (value.size() < kBytes) return std::nullopt;
    return Stamp{load_le<std::int64_t>(value.data()), load_le<std::uint64_t>(value.data() + sizeof intended_ns)};
  }
};

}  // namespace leat::tool
