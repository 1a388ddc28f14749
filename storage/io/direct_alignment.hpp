#pragma once

#include <cstdint>
#include <span>

#include "protocol/base/assert.hpp"
#include "storage/io/file_system.hpp"

namespace leat::storage {

/// What OpenOptions::direct_sync asks of every read and write; every File implementation asserts it, whether or not the disk
/// underneath would mind.
inline void assert_direct_alignment(FilePosition at, ByteSpan piece) {
  LEAT_ASSERT(at.value() % kDirectAlignment == 0);
  LEAT_ASSERT(piece.size() % kDirectAlignment == 0);
  LEAT_ASSERT(reinterpret_cast<std::uintptr_t>(piece.data()) % kDirectAlignment == 0);
}

inline void assert_direct_alignment(FilePosition at, std::span<const ByteSpan> pieces) {
  for (const ByteSpan piece : pieces) assert_direct_alignment(at, piece);
}

}  // namespace leat::storage
