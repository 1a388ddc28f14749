#include <lz4frame.h>

#include <algorithm>
#include <memory>
#include <string>

#include "protocol/record/bounded_output.hpp"
#include "protocol/record/codecs.hpp"

namespace leat::record::codecs {
namespace {

constexpr std::size_t kTypicalRatio = 4;

struct FreeContext {
  void operator()(LZ4F_dctx* context) const { LZ4F_freeDecompressionContext(context); }
};

/// Its block buffers are up to 4 MiB each: a thread keeps one context.
LZ4F_dctx* fresh_context() {
  thread_local std::unique_ptr<LZ4F_dctx, FreeContext> context;
  if (!context) {
    LZ4F_dctx* created = nullptr;
    if (LZ4F_isError(LZ4F_createDecompressionContext(&created, LZ4F_VERSION)) != 0) return nullptr;
    context.reset(created);
  }
  LZ4F_resetDecompressionContext(context.get());
  return context.get();
}

LZ4F_preferences_t preferences() {
  LZ4F_preferences_t preferences{};
  preferences.frameInfo.blockSizeID = LZ4F_max64KB;
  preferences.frameInfo.blockMode = LZ4F_blockIndependent;
  return preferences;
}

}  // namespace

std::size_t lz4_bound(std::size_t input_bytes) {
  const LZ4F_preferences_t chosen = preferences();
  return LZ4F_compressFrameBound(input_bytes, &chosen);
}

Result<std::size_t> lz4_compress(ByteSpan in, MutableByteSpan out) {
  const LZ4F_preferences_t chosen = preferences();
  const std::size_t written = LZ4F_compressFrame(out.data(), out.size(), in.data(), in.size(), &chosen);
  if (LZ4F_isError(written) != 0) return Error(Errc::internal, std::string("lz4: ") + LZ4F_getErrorName(written));
  return written;
}

Result<void> lz4_decompress(ByteSpan in, BoundedOutput& out) {
  LZ4F_dctx* const context = fresh_context();
  if (context == nullptr) return Error(Errc::internal, "lz4: out of memory");
  ByteSpan rest = in;
  std::size_t wanted_more = 1;
  while (!rest.empty() || wanted_more != 0) {
    const MutableByteSpan room = out.room(in.size() * kTypicalRatio);
    std::size_t written = room.size();
    std::size_t consumed = rest.size();
    wanted_more = LZ4F_decompress(context, room.data(), &written, rest.data(), &consumed, nullptr);
    if (LZ4F_isError(wanted_more) != 0) return Error(Errc::invalid_batch, "not valid lz4 data");
    LEAT_TRY(out.wrote(written));
    rest = rest.subspan(consumed);
    // Neither input left nor output pending, and the frame not done: it was cut.
    if (consumed == 0 && written == 0 && wanted_more != 0) return Error(Errc::invalid_batch, "lz4 data ends too early");
  }
  return ok();
}

}  // namespace leat::record::codecs
