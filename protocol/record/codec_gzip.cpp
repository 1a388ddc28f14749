#include <zlib.h>

#include <algorithm>

#include "protocol/record/bounded_output.hpp"
#include "protocol/record/codecs.hpp"

namespace leat::record::codecs {
namespace {

constexpr int kGzipWindowBits = MAX_WBITS + 16;  // zlib's way to ask for gzip's header and trailer
constexpr int kMemoryLevel = 8;
constexpr std::size_t kHeaderAndTrailerBytes = 18;
constexpr std::size_t kTypicalRatio = 4;

/// A stream is a quarter of a megabyte to set up, so a thread keeps its own and resets it.
class Deflater {
 public:
  Deflater()
      : usable_(deflateInit2(&stream_, Z_DEFAULT_COMPRESSION, Z_DEFLATED, kGzipWindowBits, kMemoryLevel, Z_DEFAULT_STRATEGY) ==
                Z_OK) {}
  Deflater(const Deflater&) = delete;
  Deflater& operator=(const Deflater&) = delete;
  ~Deflater() {
    if (usable_) deflateEnd(&stream_);
  }
  /// Ready for a new stream, or null when there was no memory for it.
  z_stream* start() { return usable_ && deflateReset(&stream_) == Z_OK ? &stream_ : nullptr; }

 private:
  z_stream stream_{};
  bool usable_;
};

class Inflater {
 public:
  Inflater() : usable_(inflateInit2(&stream_, kGzipWindowBits) == Z_OK) {}
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;
  ~Inflater() {
    if (usable_) inflateEnd(&stream_);
  }
  z_stream* start() { return usable_ && inflateReset(&stream_) == Z_OK ? &stream_ : nullptr; }

 private:
  z_stream stream_{};
  bool usable_;
};

/// zlib only reads from next_in, its type lacks the const (ZLIB_CONST is a build option).
Bytef* input(ByteSpan in) { return const_cast<Bytef*>(reinterpret_cast<const Bytef*>(in.data())); }

Error no_memory() { return Error(Errc::internal, "gzip: out of memory"); }

}  // namespace

std::size_t gzip_bound(std::size_t input_bytes) {
  return compressBound(static_cast<uLong>(input_bytes)) + kHeaderAndTrailerBytes;
}

Result<std::size_t> gzip(ByteSpan in, MutableByteSpan out) {
  thread_local Deflater deflater;
  z_stream* const stream = deflater.start();
  if (stream == nullptr) return no_memory();
  stream->next_in = input(in);
  stream->avail_in = static_cast<uInt>(in.size());
  stream->next_out = reinterpret_cast<Bytef*>(out.data());
  stream->avail_out = static_cast<uInt>(std::min<std::size_t>(out.size(), UINT32_MAX));
  const uInt room = stream->avail_out;
  if (deflate(stream, Z_FINISH) != Z_STREAM_END) return Error(Errc::internal, "gzip: compression failed");
  return static_cast<std::size_t>(room - stream->avail_out);
}

Result<void> gunzip(ByteSpan in, BoundedOutput& out) {
  thread_local Inflater inflater;
  z_stream* const stream = inflater.start();
  if (stream == nullptr) return no_memory();
  stream->next_in = input(in);
  stream->avail_in = static_cast<uInt>(in.size());
  while (true) {
    const MutableByteSpan room = out.room(in.size() * kTypicalRatio);
    const auto offered = static_cast<uInt>(std::min<std::size_t>(room.size(), UINT32_MAX));
    stream->next_out = reinterpret_cast<Bytef*>(room.data());
    stream->avail_out = offered;
    const int status = inflate(stream, Z_NO_FLUSH);
    LEAT_TRY(out.wrote(offered - stream->avail_out));
    if (status == Z_MEM_ERROR) return no_memory();
    if (status == Z_STREAM_END) {
      if (stream->avail_in == 0) return ok();
      if (inflateReset(stream) != Z_OK) return no_memory();  // RFC 1952 2.2: members follow one another
    } else if (status != Z_OK || (stream->avail_in == 0 && stream->avail_out != 0)) {
      return Error(Errc::invalid_batch, "not valid gzip data");
    }
  }
}

}  // namespace leat::record::codecs
