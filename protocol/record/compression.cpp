#include "protocol/record/compression.hpp"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <limits>
#include <string>

#include "protocol/base/assert.hpp"
#include "protocol/record/bounded_output.hpp"
#include "protocol/record/codecs.hpp"

namespace leat::record {
namespace {

// No batch is larger, and every library's size type holds it.
constexpr std::size_t kInputBytesMax = std::numeric_limits<std::int32_t>::max();

Result<void> copy(ByteSpan in, BoundedOutput& out) {
  LEAT_ASSIGN(const MutableByteSpan room, out.exactly(in.size()));
  if (!in.empty()) std::memcpy(room.data(), in.data(), in.size());
  return out.wrote(in.size());
}

Result<void> decompress_with(Codec codec, ByteSpan in, BoundedOutput& out) {
  switch (codec) {
    case Codec::none:
      return copy(in, out);
    case Codec::gzip:
      return codecs::gunzip(in, out);
    case Codec::snappy:
      return codecs::snappy_decompress(in, out);
    case Codec::lz4:
      return codecs::lz4_decompress(in, out);
    case Codec::zstd:
      return codecs::zstd_decompress(in, out);
  }
  return Error(Errc::invalid_batch, "unknown codec " + std::to_string(static_cast<int>(codec)));
}

}  // namespace

std::size_t DecompressLimits::output_bytes_max_for(std::size_t input_bytes) const {
  const bool overflows = ratio_max != 0 && input_bytes > std::numeric_limits<std::size_t>::max() / ratio_max;
  const std::size_t by_ratio = overflows ? output_bytes_max : input_bytes * ratio_max;
  return std::min(output_bytes_max, std::max(by_ratio, ratio_free_bytes));
}

std::size_t compressed_bytes_bound(Codec codec, std::size_t input_bytes) {
  switch (codec) {
    case Codec::none:
      return input_bytes;
    case Codec::gzip:
      return codecs::gzip_bound(input_bytes);
    case Codec::snappy:
      return codecs::snappy_bound(input_bytes);
    case Codec::lz4:
      return codecs::lz4_bound(input_bytes);
    case Codec::zstd:
      return codecs::zstd_bound(input_bytes);
  }
  return 0;
}

Result<std::size_t> compress(Codec codec, ByteSpan in, MutableByteSpan out) {
  if (in.size() > kInputBytesMax) return Error(Errc::batch_too_large, std::to_string(in.size()) + " bytes to compress");
  LEAT_ASSERT(out.size() >= compressed_bytes_bound(codec, in.size()));
  switch (codec) {
    case Codec::none:
      if (!in.empty()) std::memcpy(out.data(), in.data(), in.size());
      return in.size();
    case Codec::gzip:
      return codecs::gzip(in, out);
    case Codec::snappy:
      return codecs::snappy_compress(in, out);
    case Codec::lz4:
      return codecs::lz4_compress(in, out);
    case Codec::zstd:
      return codecs::zstd_compress(in, out);
  }
  return Error(Errc::invalid_argument, "unknown codec " + std::to_string(static_cast<int>(codec)));
}

Result<void> compress(Codec codec, ByteSpan in, std::vector<std::byte>& out) {
  if (in.size() > kInputBytesMax) return Error(Errc::batch_too_large, std::to_string(in.size()) + " bytes to compress");
  const std::size_t start = out.size();
  out.resize(start + compressed_bytes_bound(codec, in.size()));
  const auto written = compress(codec, in, MutableByteSpan(out).subspan(start));
  out.resize(start + (written.has_value() ? *written : 0));
  LEAT_TRY(written);
  return ok();
}

Result<void> decompress(Codec codec, ByteSpan in, const DecompressLimits& limits, std::vector<std::byte>& out) {
  if (in.size() > kInputBytesMax) return Error(Errc::batch_too_large, std::to_string(in.size()) + " bytes to decompress");
  BoundedOutput output(out, limits.output_bytes_max_for(in.size()));
  LEAT_TRY(decompress_with(codec, in, output));
  output.commit();
  return ok();
}

}  // namespace leat::record
