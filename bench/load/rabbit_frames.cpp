#include "bench/load/rabbit_frames.hpp"

#include "protocol/base/assert.hpp"

namespace leat::load::rabbit {
namespace {

constexpr std::uint16_t kVersion = 1;
constexpr std::uint16_t kResponse = 0x8000;
constexpr std::size_t kLengthBytes = sizeof(std::uint32_t);
constexpr std::size_t kFrameHeaderBytes = kLengthBytes + 2 * sizeof(std::uint16_t);
/// A chunk is a frame whatever the connection was tuned to, and holds what gathered: thousands of records.
constexpr std::size_t kFrameBytesMax = std::size_t{1} << 30;

// A Publish frame: header, publisher (1), records (4), then each record's publishing id (8), length (4) and value.
constexpr std::size_t kRecordsAt = kFrameHeaderBytes + 1;
constexpr std::size_t kPublishHeaderBytes = kRecordsAt + 4;
constexpr std::size_t kEntryHeaderBytes = 12;

// A Deliver's body: subscription (1), then the chunk: magic and version (1), type (1), entries (2), records (4), timestamp (8),
// epoch (8), first offset (8), checksum (4), data length (4), trailer length (4), reserved (4).
constexpr std::size_t kEntriesAt = 1 + 2;
constexpr std::size_t kDataLengthAt = 1 + 36;
constexpr std::size_t kChunkHeaderBytes = 1 + 48;

Error malformed(const char* what) { return Error(Errc::malformed_frame, std::string("RabbitMQ: ") + what); }

void overwrite(std::string& out, std::size_t at, std::uint32_t value) {
  store_be(reinterpret_cast<std::byte*>(out.data() + at), value);
}

}  // namespace

void append_string(std::string& out, std::string_view text) {
  append(out, static_cast<std::uint16_t>(text.size()));
  out.append(text);
}

void append_frame(std::string& out, Key key, std::string_view body) {
  append(out, static_cast<std::uint32_t>(body.size() + kFrameHeaderBytes - kLengthBytes));
  append(out, static_cast<std::uint16_t>(key));
  append(out, kVersion);
  out.append(body);
}

Result<std::optional<Frame>> parse_frame(ByteSpan in) {
  if (in.size() < kFrameHeaderBytes) return std::optional<Frame>();
  const std::size_t size_bytes = kLengthBytes + load_be<std::uint32_t>(in.data());
  if (size_bytes < kFrameHeaderBytes || size_bytes > kFrameBytesMax) return malformed("a frame's length");
  if (in.size() < size_bytes) return std::optional<Frame>();
  const auto key = load_be<std::uint16_t>(in.data() + kLengthBytes);
  return std::optional(Frame{.key = static_cast<Key>(key & ~kResponse),
                             .is_response = (key & kResponse) != 0,
                             .body = in.subspan(kFrameHeaderBytes, size_bytes - kFrameHeaderBytes),
                             .size_bytes = size_bytes});
}

void PublishFrame::begin(std::string& out, std::uint8_t publisher) {
  LEAT_ASSERT(!is_open_);
  is_open_ = true;
  size_bytes_ = kPublishHeaderBytes;
  records_ = 0;
  append(out, std::uint32_t{0});
  append(out, static_cast<std::uint16_t>(Key::publish));
  append(out, kVersion);
  append(out, publisher);
  append(out, std::uint32_t{0});
}

void PublishFrame::add(std::string& out, std::uint64_t publishing_id, ByteSpan value) {
  append(out, publishing_id);
  append(out, static_cast<std::uint32_t>(value.size()));
  out.append(as_text(value));
  size_bytes_ += kEntryHeaderBytes + value.size();
  ++records_;
}

void PublishFrame::finish(std::string& out) {
  LEAT_ASSERT(is_open_);
  is_open_ = false;
  // Counted from the end, as what was written may have been taken from the string's beginning.
  const std::size_t begin = out.size() - size_bytes_;
  overwrite(out, begin, static_cast<std::uint32_t>(size_bytes_ - kLengthBytes));
  overwrite(out, begin + kRecordsAt, records_);
}

Result<Confirms> Confirms::parse(ByteSpan body) {
  constexpr std::size_t kHeaderBytes = 1 + sizeof(std::uint32_t);
  if (body.size() < kHeaderBytes) return malformed("a confirm's length");
  const std::size_t ids_bytes = std::size_t{load_be<std::uint32_t>(body.data() + 1)} * sizeof(std::uint64_t);
  if (body.size() - kHeaderBytes < ids_bytes) return malformed("a confirm's length");
  Confirms confirms;
  confirms.publisher_ = load_be<std::uint8_t>(body.data());
  confirms.ids_ = body.subspan(kHeaderBytes, ids_bytes);
  return confirms;
}

Result<ChunkReader> ChunkReader::open(ByteSpan deliver_body) {
  if (deliver_body.size() < kChunkHeaderBytes) return malformed("a chunk's length");
  const std::size_t data_bytes = load_be<std::uint32_t>(deliver_body.data() + kDataLengthAt);
  if (deliver_body.size() - kChunkHeaderBytes < data_bytes) return malformed("a chunk's length");
  ChunkReader reader;
  reader.left_ = load_be<std::uint16_t>(deliver_body.data() + kEntriesAt);
  reader.entries_ = deliver_body.subspan(kChunkHeaderBytes, data_bytes);
  return reader;
}

Result<std::optional<ByteSpan>> ChunkReader::next() {
  if (left_ == 0) return std::optional<ByteSpan>();
  if (entries_.size() < kLengthBytes) return malformed("an entry's length");
  const auto length = load_be<std::uint32_t>(entries_.data());
  constexpr std::uint32_t kIsBatch = std::uint32_t{1} << 31;
  if ((length & kIsBatch) != 0) return Error(Errc::unsupported_request, "RabbitMQ: a batch within a chunk");
  if (entries_.size() - kLengthBytes < length) return malformed("an entry's length");
  const auto value = entries_.subspan(kLengthBytes, length);
  entries_ = entries_.subspan(kLengthBytes + length);
  --left_;
  return std::optional(value);
}

}  // namespace leat::load::rabbit
