#pragma once

#include <cstdint>

#include "protocol/base/bytes.hpp"

namespace leat::client {

/// MurmurHash2 (Austin Appleby, 32 bits) with the seed of Kafka's default partitioner, as a signed number like there.
std::int32_t murmur2(ByteSpan bytes);

}  // namespace leat::client
