#include <zstd.h>

#include <algorithm>
#include <memory>
#include <string>

#include "protocol/record/bounded_output.hpp"
#include "protocol/record/codecs.hpp"

namespace leat::record::codecs {
namespace {

constexpr std::size_t kTypicalRatio = 8;
// A frame may ask for a window of 128 MiB; a context that grew for one is not kept for the next.
constexpr std::size_t kKeptContextBytesMax = std::size_t{16} << 20;

struct FreeContext {
  void operator()(ZSTD_CCtx* context) const { ZSTD_freeCCtx(context); }
  void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
};
using Compressor = std::unique_ptr<ZSTD_CCtx, FreeContext>;
using Decompressor = std::unique_ptr<ZSTD_DCtx, FreeContext>;

Result<void> decompress_frames(ZSTD_DCtx* context, ByteSpan in, BoundedOutput& out) {
  ZSTD_inBuffer source{in.data(), in.size(), 0};
  std::size_t wanted_more = 1;
  while (source.pos < source.size || wanted_more != 0) {
    const MutableByteSpan room = out.room(in.size() * kTypicalRatio);
    ZSTD_outBuffer sink{room.data(), room.size(), 0};
    const std::size_t consumed_before = source.pos;
    wanted_more = ZSTD_decompressStream(context, &sink, &source);
    if (ZSTD_isError(wanted_more) != 0) {
      return Error(Errc::invalid_batch, std::string("not valid zstd data: ") + ZSTD_getErrorName(wanted_more));
    }
    LEAT_TRY(out.wrote(sink.pos));
    // Neither input left nor output pending, and the frame not done: it was cut.
    if (sink.pos == 0 && source.pos == consumed_before && wanted_more != 0) {
      return Error(Errc::invalid_batch, "zstd data ends too early");
    }
  }
  return ok();
}

}  // namespace

std::size_t zstd_bound(std::size_t input_bytes) { return ZSTD_compressBound(input_bytes); }

Result<std::size_t> zstd_compress(ByteSpan in, MutableByteSpan out) {
  thread_local Compressor context;
  if (!context) context.reset(ZSTD_createCCtx());
  if (!context) return Error(Errc::internal, "zstd: out of memory");
  const std::size_t written = ZSTD_compressCCtx(context.get(), out.data(), out.size(), in.data(), in.size(), ZSTD_CLEVEL_DEFAULT);
  if (ZSTD_isError(written) != 0) return Error(Errc::internal, std::string("zstd: ") + ZSTD_getErrorName(written));
  return written;
}

Result<void> zstd_decompress(ByteSpan in, BoundedOutput& out) {
  thread_local Decompressor context;
  if (!context) context.reset(ZSTD_createDCtx());
  if (!context) return Error(Errc::internal, "zstd: out of memory");
  ZSTD_DCtx_reset(context.get(), ZSTD_reset_session_only);
  auto result = decompress_frames(context.get(), in, out);
  if (ZSTD_sizeof_DCtx(context.get()) > kKeptContextBytesMax) context.reset();
  return result;
}

}  // namespace leat::record::codecs
