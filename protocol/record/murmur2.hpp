#pragma once

#include <cstdint>

#include "protocol/base/bytes.hpp"
#include "protocol/base/ids.hpp"

namespace leat::record {

/// MurmurHash2 (Austin Appleby, 32 bits) with the seed of Kafka's default partitioner, as a signed number like there.
std::int32_t murmur2(ByteSpan bytes);

/// The partition of a key, as Kafka's default partitioner chooses it: (murmur2(key) & 0x7fffffff) % partitions.
PartitionId partition_for_key(ByteSpan key, std::int32_t partitions);

}  // namespace leat::record
