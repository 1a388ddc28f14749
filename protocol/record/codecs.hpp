#pragma once

#include <cstddef>

#include "protocol/base/bytes.hpp"
#include "protocol/base/result.hpp"

namespace leat::record {
class BoundedOutput;
}

/// One file a library; compression.hpp chooses between them and states the contracts. Inputs are at most 2 GiB.
namespace leat::record::codecs {

std::size_t gzip_bound(std::size_t input_bytes);
Result<std::size_t> gzip(ByteSpan in, MutableByteSpan out);
Result<void> gunzip(ByteSpan in, BoundedOutput& out);

std::size_t snappy_bound(std::size_t input_bytes);
Result<std::size_t> snappy_compress(ByteSpan in, MutableByteSpan out);
Result<void> snappy_decompress(ByteSpan in, BoundedOutput& out);

std::size_t lz4_bound(std::size_t input_bytes);
Result<std::size_t> lz4_compress(ByteSpan in, MutableByteSpan out);
Result<void> lz4_decompress(ByteSpan in, BoundedOutput& out);

std::size_t zstd_bound(std::size_t input_bytes);
Result<std::size_t> zstd_compress(ByteSpan in, MutableByteSpan out);
Result<void> zstd_decompress(ByteSpan in, BoundedOutput& out);

}  // namespace leat::record::codecs
