#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "protocol/base/bytes.hpp"
#include "protocol/base/ids.hpp"
#include "protocol/base/result.hpp"
#include "storage/io/file_system.hpp"

/// The journal's layout (FORMAT.md, "Journal"), little-endian. A file is a 4 KiB header block and then groups, each starting on a
/// 4 KiB boundary:
///
///   group = group header | { entry header | record batch | padding to 8 } | padding to 4096
namespace leat::storage {

inline constexpr std::uint32_t kJournalFileMagic = 0x4a54454c;   // "LETJ"
inline constexpr std::uint32_t kJournalGroupMagic = 0x4754454c;  // "LETG"
inline constexpr std::uint32_t kJournalVersion = 1;
inline constexpr std::size_t kJournalFileHeaderBytes = kDirectAlignment;
inline constexpr std::size_t kGroupHeaderBytes = 40;
inline constexpr std::size_t kEntryHeaderBytes = 24;
inline constexpr std::size_t kEntryAlignment = 8;

constexpr std::size_t align_up(std::size_t bytes, std::size_t alignment) {
  return (bytes + alignment - 1) / alignment * alignment;
}

/// A group is as durable as one write: all of its entries or none.
struct GroupHeader {
  std::uint64_t epoch = 0;        ///< of the journal's opening; groups of an earlier epoch are leftovers of a recycled file
  std::uint64_t sequence = 0;     ///< counts up by one within an epoch, from 1
  std::uint32_t group_bytes = 0;  ///< header and entries, without the padding to 4096
  std::uint32_t entry_count = 0;
  std::uint32_t entries_crc = 0;  ///< CRC-32C over the entry headers; each names its batch's own checksum
};

struct EntryHeader {
  LogId log;
  Offset base_offset;
  std::uint32_t batch_bytes = 0;
  std::uint32_t batch_crc = 0;  ///< the checksum field of the batch
};

/// How much of a group an entry with this batch takes.
constexpr std::size_t entry_bytes(std::size_t batch_bytes) { return align_up(kEntryHeaderBytes + batch_bytes, kEntryAlignment); }

void encode_group_header(const GroupHeader& header, std::byte* to);
/// nullopt-like failure is an Error: torn_tail when the bytes are no group header (magic, checksum, sizes).
Result<GroupHeader> decode_group_header(ByteSpan from);

void encode_entry_header(const EntryHeader& header, std::byte* to);
EntryHeader decode_entry_header(const std::byte* from);

/// The header block of a journal file. Errors: unsupported_format for another version, corruption for no journal file at all.
void encode_journal_file_header(std::uint64_t file_number, std::byte* to);
Result<std::uint64_t> decode_journal_file_header(ByteSpan from);

}  // namespace leat::storage
