#include "client/src/batch_decoder.hpp"

#include <algorithm>
#include <utility>

#include "protocol/base/endian.hpp"
#include "protocol/record/batch_reader.hpp"
#include "protocol/record/batch_validator.hpp"

namespace leat::client {
namespace {

/// A RecordBatch is closed behind the record batch that reaches one of these, so that what is decoded at once stays small
/// whatever arrives at once.
constexpr std::size_t kRecordsEnough = 16'384;
constexpr std::size_t kDecodedBytesEnough = std::size_t{4} << 20;

constexpr std::size_t kSpareMax = 4;
/// Memory beyond this is not kept.
constexpr std::size_t kSpareBytesMax = std::size_t{4} << 20;

/// Where a chunk can be read again: `at` bytes into it, at `offset`.
struct Resumption {
  std::size_t at;
  Offset offset;
};

/// Behind a batch that cannot be read, of which nothing is trusted but where it ends, if that: the next batch tells its offset
/// itself, and the delivery where it ends.
Resumption behind_first_batch(const Chunk& chunk, Offset from) {
  record::BatchIterator batches(chunk.bytes.span());
  const auto unreadable = batches.next();
  const std::size_t end = batches.position();
  if (unreadable.has_value() && *unreadable) {
    if (const auto next = batches.next(); next.has_value() && *next) {
      const Offset offset(load_be<std::int64_t>((**next).data() + record::field::kBaseOffset));
      if (offset > from && offset < chunk.next_offset) return {end, offset};
    }
  }
  return {chunk.bytes.size(), std::max(from, chunk.next_offset)};
}

/// A batch's offset is outside of its checksum, so that a broker can set it without another look at all bytes. Only that the
/// batches of a delivery follow one another, from the one that holds the offset wanted to the delivery's end, tells that it is
/// right.
Result<void> check_place(const record::BatchHeader& header, bool is_first, bool is_last, Offset expected, Offset end) {
  const bool begins =
      is_first ? header.base_offset <= expected && header.next_offset() > expected : header.base_offset == expected;
  const bool ends = is_last ? header.next_offset() == end : header.next_offset() < end;
  if (begins && ends) return ok();
  return Error(Errc::invalid_batch, "a batch of offsets " + std::to_string(header.base_offset.value()) + " to " +
                                        std::to_string(header.next_offset().value()) + " where " +
                                        std::to_string(expected.value()) + " is due, in a delivery that ends at " +
                                        std::to_string(end.value()));
}

}  // namespace

BatchDecoder::Decoded BatchDecoder::decode(const std::string& topic, PartitionId partition, const Chunk& chunk, Offset from) {
  auto content = take();
  content->topic = topic;
  content->partition = partition;
  content->high_watermark = chunk.high_watermark;
  content->next_offset = from;
  content->bytes = chunk.bytes;

  record::BatchIterator batches(chunk.bytes.span());
  std::size_t consumed = 0;
  std::size_t decoded_bytes = 0;
  while (consumed < chunk.bytes.size() && content->records.size() < kRecordsEnough && decoded_bytes < kDecodedBytesEnough) {
    const auto decoded = decode_next(batches, chunk, from, *content, decoded_bytes);
    if (decoded.has_error() && consumed > 0) break;  // what is before it first; it is met again at the front of the rest
    if (decoded.has_error()) {
      const Resumption resumption = behind_first_batch(chunk, from);
      Error error(decoded.error().code, topic + "-" + std::to_string(partition.value()) + " at offset " +
                                            std::to_string(from.value()) + ", the next that can be read is " +
                                            std::to_string(resumption.offset.value()));
      if (!decoded.error().context.empty()) error.context.append(": ").append(decoded.error().context);
      UnreadableRecords unreadable{topic, partition, from, resumption.offset, std::move(error)};
      return {nullptr, std::move(unreadable), resumption.at, resumption.offset};
    }
    consumed = batches.position();
  }
  if (consumed == chunk.bytes.size()) content->next_offset = std::max(content->next_offset, chunk.next_offset);
  const Offset next = content->next_offset;
  return {std::move(content), std::nullopt, consumed, next};
}

Result<void> BatchDecoder::decode_next(record::BatchIterator& batches, const Chunk& chunk, Offset from, Content& content,
                                       std::size_t& decoded_bytes) {
  const bool is_first = batches.position() == 0;
  const auto batch = batches.next();
  if (batch.has_value() && !*batch) return ok();
  if (batch.has_value()) {
    LEAT_TRY(record::check_crc(**batch));
    LEAT_ASSIGN(const auto header, record::parse_batch_header(**batch));
    LEAT_TRY(check_place(header, is_first, batches.position() == chunk.bytes.size(), content.next_offset, chunk.next_offset));
    return decode_batch(**batch, header, from, content, decoded_bytes);
  }
  // Deliveries are whole batches, so that one cut short is as wrong as any other.
  return Error(batch.error().code == Errc::torn_tail ? Errc::invalid_batch : batch.error().code, batch.error().context);
}

Result<void> BatchDecoder::decode_batch(ByteSpan batch, const record::BatchHeader& header, Offset from, Content& content,
                                        std::size_t& decoded_bytes) {
  const Offset next = header.next_offset();
  if (header.is_control()) {
    content.next_offset = next;
    return ok();
  }
  const bool compressed = header.codec() != Codec::none;
  LEAT_ASSIGN(auto reader, record::BatchReader::open(batch, limits_, compressed ? take_buffer() : std::vector<std::byte>()));
  LEAT_TRY(reader.read_all(from, content.records));
  decoded_bytes += batch.size();
  if (compressed) {
    content.decompressed.push_back(std::move(reader).take_buffer());
    decoded_bytes += content.decompressed.back().size();
  }
  content.next_offset = next;
  return ok();
}

std::shared_ptr<BatchDecoder::Content> BatchDecoder::take() {
  std::unique_ptr<Content> content;
  {
    const std::lock_guard lock(mutex_);
    if (!spare_.empty()) {
      content = std::move(spare_.back());
      spare_.pop_back();
    }
  }
  if (!content) content = std::make_unique<Content>();
  Content* raw = content.release();
  return {raw, [decoder = weak_from_this()](Content* released) {
            std::unique_ptr<Content> owned(released);
            if (const auto alive = decoder.lock()) alive->give_back(std::move(owned));
          }};
}

std::vector<std::byte> BatchDecoder::take_buffer() {
  const std::lock_guard lock(mutex_);
  if (spare_buffers_.empty()) return {};
  auto buffer = std::move(spare_buffers_.back());
  spare_buffers_.pop_back();
  return buffer;
}

void BatchDecoder::give_back(std::unique_ptr<Content> content) {
  content->bytes = {};
  content->records.clear();
  auto buffers = std::exchange(content->decompressed, {});
  const std::lock_guard lock(mutex_);
  for (auto& buffer : buffers) {
    if (spare_buffers_.size() < kSpareMax && buffer.capacity() <= kSpareBytesMax) spare_buffers_.push_back(std::move(buffer));
  }
  const bool small = content->records.capacity() * sizeof(RecordView) <= kSpareBytesMax;
  if (spare_.size() < kSpareMax && small) spare_.push_back(std::move(content));
}

}  // namespace leat::client
