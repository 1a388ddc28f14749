#pragma once

#include <cstdint>

#include "protocol/base/bytes.hpp"

namespace leat {

/// CRC-32C (Castagnoli, RFC 3720 appendix B.4), as record batches, journal and indexes use it. `crc32c("123456789")` is
/// 0xe3069283. Uses the processor's instruction where there is one; any thread.
std::uint32_t crc32c(ByteSpan bytes);

/// Goes on from the checksum of the bytes before: crc32c_extend(crc32c(a), b) == crc32c(a + b).
std::uint32_t crc32c_extend(std::uint32_t crc, ByteSpan bytes);

namespace detail {
/// The two implementations behind crc32c_extend, apart so that tests can hold them against each other.
std::uint32_t crc32c_portable(std::uint32_t crc, ByteSpan bytes);
std::uint32_t crc32c_hardware(std::uint32_t crc, ByteSpan bytes);
bool crc32c_hardware_available();
}  // namespace detail

}  // namespace leat
