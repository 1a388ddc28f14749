#include <snappy.h>

#include <algorithm>
#include <array>
#include <cstdint>

#include "protocol/base/endian.hpp"
#include "protocol/record/bounded_output.hpp"
#include "protocol/record/codecs.hpp"

namespace leat::record::codecs {
namespace {

// Xerial's (snappy-java's) framing: this magic, two versions of 4 bytes, then blocks, each a big-endian length and raw snappy
// data. No raw snappy stream begins so: the magic's third byte would copy from before its start.
constexpr std::array kXerialMagic{std::byte{0x82}, std::byte{'S'}, std::byte{'N'}, std::byte{'A'},
                                  std::byte{'P'},  std::byte{'P'}, std::byte{'Y'}, std::byte{0}};
constexpr std::size_t kXerialHeaderBytes = 16;
constexpr std::size_t kXerialLengthBytes = 4;

// The format's densest element is a copy of 64 bytes in 3.
constexpr std::size_t kRatioMax = 22;

const char* chars(ByteSpan bytes) { return reinterpret_cast<const char*>(bytes.data()); }

Error invalid() { return Error(Errc::invalid_batch, "not valid snappy data"); }

Result<void> decompress_block(ByteSpan block, BoundedOutput& out) {
  std::size_t length = 0;
  if (!snappy::GetUncompressedLength(chars(block), block.size(), &length)) return invalid();
  if (length > block.size() * kRatioMax) return invalid();
  LEAT_ASSIGN(const MutableByteSpan room, out.exactly(length));
  if (length == 0) {
    if (!snappy::IsValidCompressedBuffer(chars(block), block.size())) return invalid();
    return ok();
  }
  if (!snappy::RawUncompress(chars(block), block.size(), reinterpret_cast<char*>(room.data()))) return invalid();
  return out.wrote(length);
}

Result<void> decompress_xerial(ByteSpan blocks, BoundedOutput& out) {
  while (!blocks.empty()) {
    if (blocks.size() < kXerialLengthBytes) return invalid();
    const auto length = load_be<std::int32_t>(blocks.data());
    blocks = blocks.subspan(kXerialLengthBytes);
    if (length <= 0 || static_cast<std::size_t>(length) > blocks.size()) return invalid();
    LEAT_TRY(decompress_block(blocks.first(static_cast<std::size_t>(length)), out));
    blocks = blocks.subspan(static_cast<std::size_t>(length));
  }
  return ok();
}

}  // namespace

std::size_t snappy_bound(std::size_t input_bytes) { return snappy::MaxCompressedLength(input_bytes); }

Result<std::size_t> snappy_compress(ByteSpan in, MutableByteSpan out) {
  std::size_t written = 0;
  snappy::RawCompress(chars(in), in.size(), reinterpret_cast<char*>(out.data()), &written);
  return written;
}

Result<void> snappy_decompress(ByteSpan in, BoundedOutput& out) {
  const bool xerial = in.size() >= kXerialHeaderBytes && std::equal(kXerialMagic.begin(), kXerialMagic.end(), in.begin());
  return xerial ? decompress_xerial(in.subspan(kXerialHeaderBytes), out) : decompress_block(in, out);
}

}  // namespace leat::record::codecs
