#include "protocol/record/murmur2.hpp"

#include "protocol/base/assert.hpp"
#include "protocol/base/endian.hpp"

namespace leat::record {

std::int32_t murmur2(ByteSpan bytes) {
  constexpr std::uint32_t kSeed = 0x9747b28c;
  constexpr std::uint32_t kMultiplier = 0x5bd1e995;
  constexpr int kShift = 24;

  std::uint32_t hash = kSeed ^ static_cast<std::uint32_t>(bytes.size());
  while (bytes.size() >= 4) {
    auto word = load_le<std::uint32_t>(bytes.data()) * kMultiplier;
    word ^= word >> kShift;
    hash = (hash * kMultiplier) ^ (word * kMultiplier);
    bytes = bytes.subspan(4);
  }
  if (!bytes.empty()) {
    for (std::size_t i = bytes.size(); i-- > 0;) hash ^= std::to_integer<std::uint32_t>(bytes[i]) << (8 * i);
    hash *= kMultiplier;
  }
  hash ^= hash >> 13;
  hash *= kMultiplier;
  hash ^= hash >> 15;
  return static_cast<std::int32_t>(hash);
}

PartitionId partition_for_key(ByteSpan key, std::int32_t partitions) {
  LEAT_ASSERT(partitions > 0);
  return PartitionId((murmur2(key) & 0x7fffffff) % partitions);
}

}  // namespace leat::record
