#include "storage/journal/journal_format.hpp"

#include <cstring>

#include "protocol/base/crc32c.hpp"
#include "protocol/base/endian.hpp"

namespace leat::storage {
namespace {

// Group header fields, by position.
constexpr std::size_t kMagicAt = 0;
constexpr std::size_t kHeaderCrcAt = 4;  // over the bytes from kEpochAt to the header's end
constexpr std::size_t kEpochAt = 8;
constexpr std::size_t kSequenceAt = 16;
constexpr std::size_t kGroupBytesAt = 24;
constexpr std::size_t kEntryCountAt = 28;
constexpr std::size_t kEntriesCrcAt = 32;
static_assert(kEntriesCrcAt + 8 == kGroupHeaderBytes);  // 4 bytes reserved, zero

constexpr std::size_t kFileHeaderCrcAt = 4;
constexpr std::size_t kFileVersionAt = 8;
constexpr std::size_t kFileNumberAt = 16;
constexpr std::size_t kFileHeaderUsedBytes = 24;

}  // namespace

void encode_group_header(const GroupHeader& header, std::byte* to) {
  std::memset(to, 0, kGroupHeaderBytes);
  store_le(to + kMagicAt, kJournalGroupMagic);
  store_le(to + kEpochAt, header.epoch);
  store_le(to + kSequenceAt, header.sequence);
  store_le(to + kGroupBytesAt, header.group_bytes);
  store_le(to + kEntryCountAt, header.entry_count);
  store_le(to + kEntriesCrcAt, header.entries_crc);
  store_le(to + kHeaderCrcAt, crc32c(ByteSpan(to + kEpochAt, kGroupHeaderBytes - kEpochAt)));
}

Result<GroupHeader> decode_group_header(ByteSpan from) {
  if (from.size() < kGroupHeaderBytes) return Error(Errc::torn_tail, "journal group header cut short");
  if (load_le<std::uint32_t>(from.data() + kMagicAt) != kJournalGroupMagic) return Error(Errc::torn_tail, "no journal group");
  if (load_le<std::uint32_t>(from.data() + kHeaderCrcAt) != crc32c(from.subspan(kEpochAt, kGroupHeaderBytes - kEpochAt))) {
    return Error(Errc::torn_tail, "journal group header checksum");
  }
  GroupHeader header;
  header.epoch = load_le<std::uint64_t>(from.data() + kEpochAt);
  header.sequence = load_le<std::uint64_t>(from.data() + kSequenceAt);
  header.group_bytes = load_le<std::uint32_t>(from.data() + kGroupBytesAt);
  header.entry_count = load_le<std::uint32_t>(from.data() + kEntryCountAt);
  header.entries_crc = load_le<std::uint32_t>(from.data() + kEntriesCrcAt);
  return header;
}

void encode_entry_header(const EntryHeader& header, std::byte* to) {
  store_le(to, header.log.value());
  store_le(to + 8, header.base_offset.value());
  store_le(to + 16, header.batch_bytes);
  store_le(to + 20, header.batch_crc);
}

EntryHeader decode_entry_header(const std::byte* from) {
  return {LogId(load_le<std::uint64_t>(from)), Offset(load_le<std::int64_t>(from + 8)), load_le<std::uint32_t>(from + 16),
          load_le<std::uint32_t>(from + 20)};
}

void encode_journal_file_header(std::uint64_t file_number, std::byte* to) {
  std::memset(to, 0, kJournalFileHeaderBytes);
  store_le(to, kJournalFileMagic);
  store_le(to + kFileVersionAt, kJournalVersion);
  store_le(to + kFileNumberAt, file_number);
  store_le(to + kFileHeaderCrcAt, crc32c(ByteSpan(to + kFileVersionAt, kFileHeaderUsedBytes - kFileVersionAt)));
}

Result<std::uint64_t> decode_journal_file_header(ByteSpan from) {
  if (from.size() < kFileHeaderUsedBytes || load_le<std::uint32_t>(from.data()) != kJournalFileMagic ||
      load_le<std::uint32_t>(from.data() + kFileHeaderCrcAt) !=
          crc32c(from.subspan(kFileVersionAt, kFileHeaderUsedBytes - kFileVersionAt))) {
    return Error(Errc::corruption, "not a journal file header");
  }
  const auto version = load_le<std::uint32_t>(from.data() + kFileVersionAt);
  if (version != kJournalVersion) return Error(Errc::unsupported_format, "journal version " + std::to_string(version));
  return load_le<std::uint64_t>(from.data() + kFileNumberAt);
}

}  // namespace leat::storage
