#include "storage/segment/segment_scanner.hpp"

#include <algorithm>
#include <array>

#include "protocol/record/batch_validator.hpp"

namespace leat::storage {
namespace {

constexpr std::size_t kChunkBytes = 1U << 20;

/// The batch at the front of `bytes`, whole and in its place, or why not. `file_bytes` is what the file holds from there on.
Result<record::BatchHeader> check_batch(ByteSpan bytes, std::uint64_t file_bytes, Offset expected) {
  if (file_bytes < record::kBatchHeaderBytes) return Error(Errc::torn_tail, "the file ends within a batch header");
  LEAT_ASSIGN(const record::BatchHeader header, record::parse_batch_header(bytes));
  if (header.batch_bytes > file_bytes) return Error(Errc::torn_tail, "the file ends within a batch");
  if (header.batch_bytes > bytes.size()) return Error(Errc::would_block);
  if (header.base_offset != expected) {
    return Error(Errc::invalid_batch, "offset " + std::to_string(header.base_offset.value()) + " where " +
                                          std::to_string(expected.value()) + " should be");
  }
  LEAT_TRY(record::check_crc(bytes.first(header.batch_bytes)));
  return header;
}

}  // namespace

Result<Scanned> scan_segment(File& file, const SegmentEnd& from, const ScanOptions& options,
                             const std::function<void(const record::BatchHeader&, std::uint64_t position)>& visit) {
  LEAT_ASSIGN(const std::uint64_t file_bytes, file.size());
  Scanned scanned{from, std::nullopt};
  SegmentEnd& end = scanned.end;
  std::vector<std::byte> buffer;
  std::size_t wanted = kChunkBytes;
  while (end.position < file_bytes && !scanned.reason) {
    buffer.resize(std::min<std::uint64_t>(wanted, file_bytes - end.position));
    LEAT_ASSIGN(const std::size_t got, file.read_at(FilePosition(end.position), buffer));
    if (got != buffer.size()) return Error(Errc::io_error, file.path().string() + ": shorter than its size");
    const std::uint64_t chunk_position = end.position;
    std::size_t at = 0;
    wanted = kChunkBytes;
    while (at < buffer.size()) {
      const ByteSpan rest = ByteSpan(buffer).subspan(at);
      const std::uint64_t rest_of_file = file_bytes - end.position;
      const auto header = check_batch(rest, rest_of_file, end.next_offset);
      if (header.has_error()) {
        const bool cut_by_chunk = rest.size() < rest_of_file;
        if (cut_by_chunk && rest.size() < record::kBatchHeaderBytes) break;
        if (header.error().code == Errc::would_block) {
          wanted = std::max(kChunkBytes, record::parse_batch_header(rest)->batch_bytes);
          break;
        }
        scanned.reason = header.error();
        break;
      }
      visit(*header, end.position);
      at += header->batch_bytes;
      end = {end.position + header->batch_bytes, header->next_offset(), std::max(end.max_timestamp, header->max_timestamp)};
    }
    if (options.rewrite && at > 0) LEAT_TRY(file.write_at(FilePosition(chunk_position), std::array{ByteSpan(buffer).first(at)}));
  }
  return scanned;
}

}  // namespace leat::storage
