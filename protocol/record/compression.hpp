#pragma once

#include <cstddef>
#include <vector>

#include "protocol/record/format.hpp"

namespace leat::record {

/// How much memory a few compressed bytes may turn into.
struct DecompressLimits {
  std::size_t output_bytes_max = std::size_t{64} << 20;
  std::size_t ratio_max = 1024;  ///< output bytes for each byte of input
  /// The ratio is not asked about smaller outputs: an honest batch of equal records can shrink by far more.
  std::size_t ratio_free_bytes = std::size_t{4} << 20;

  [[nodiscard]] std::size_t output_bytes_max_for(std::size_t input_bytes) const;
};

/// The most that compress() writes for `input_bytes`.
std::size_t compressed_bytes_bound(Codec codec, std::size_t input_bytes);

/// Compresses `in` into the front of `out`, which has room for compressed_bytes_bound(codec, in.size()); returns the bytes
/// written. Levels are each library's default; LZ4 is the frame format with independent blocks (Kafka reads no other), snappy is
/// raw. Fails with batch_too_large past 2 GiB and internal when the library does (out of memory). Any thread: each has its own
/// contexts, kept between calls.
Result<std::size_t> compress(Codec codec, ByteSpan in, MutableByteSpan out);

/// The same, appended to `out`, which is as before after an error.
Result<void> compress(Codec codec, ByteSpan in, std::vector<std::byte>& out);

/// Appends what `in` holds to `out`, which is as before after an error: invalid_batch when `in` is not whole, valid data of this
/// codec and nothing else, batch_too_large when it holds more than the limits allow. Declared sizes are not trusted: memory grows
/// with what was really decoded. Snappy is read both raw and with Xerial's framing (as Java writes it). Any thread.
Result<void> decompress(Codec codec, ByteSpan in, const DecompressLimits& limits, std::vector<std::byte>& out);

}  // namespace leat::record
