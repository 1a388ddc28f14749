#include "storage/journal/journal_reader.hpp"

#include <algorithm>
#include <string>

#include "protocol/base/crc32c.hpp"
#include "protocol/record/batch_validator.hpp"
#include "protocol/record/format.hpp"

namespace leat::storage {
namespace {

bool is_torn(const Error& error) { return error.code == Errc::torn_tail; }

Result<void> check_entry(const JournalEntry& entry) {
  const auto header = record::parse_batch_header(entry.batch);
  if (header.has_error() || header->base_offset != entry.header.base_offset || header->batch_bytes != entry.batch.size() ||
      header->crc != entry.header.batch_crc || record::check_crc(entry.batch).has_error()) {
    return Error(Errc::torn_tail, "journal entry does not match its batch");
  }
  return ok();
}

}  // namespace

Result<JournalReader> JournalReader::open(FileSystem& fs, const Path& directory, const JournalFileSet& files, std::uint64_t epoch,
                                          std::uint64_t first_sequence) {
  JournalReader reader(epoch, first_sequence);
  for (const std::uint64_t number : files.numbers) LEAT_TRY(reader.add_source(fs, directory, number, files.file_bytes));
  std::ranges::sort(reader.sources_, {}, &Source::first_sequence);
  if (reader.sources_.empty()) {
    reader.expected_sequence_ = first_sequence;
    for (Source& source : reader.headless_) {
      LEAT_TRY(reader.check_has_none(source, kJournalFileHeaderBytes, first_sequence));
    }
    return reader;
  }
  // Files that hold only older groups are passed over; the needed ones go on without a gap from the file that holds the first.
  while (reader.current_ + 1 < reader.sources_.size() && reader.sources_[reader.current_ + 1].first_sequence <= first_sequence) {
    ++reader.current_;
  }
  reader.expected_sequence_ = reader.sources_[reader.current_].first_sequence;
  if (reader.expected_sequence_ > first_sequence) {
    return Error(Errc::corruption, directory.string() + ": journal group " + std::to_string(first_sequence) +
                                       " is missing, the oldest is " + std::to_string(reader.expected_sequence_));
  }
  return reader;
}

Result<void> JournalReader::add_source(FileSystem& fs, const Path& directory, std::uint64_t number,
                                       std::uint64_t expected_bytes) {
  const Path path = directory / journal_file_name(number);
  const auto damaged = [&](const std::string& what) { return Error(Errc::corruption, path.string() + " " + what); };
  LEAT_ASSIGN(const bool there, fs.exists(path));
  if (!there) return damaged("is missing, it may hold records that were acknowledged");
  Source source;
  OpenOptions options;
  options.read_only = true;
  LEAT_ASSIGN(source.file, fs.open(path, options));
  LEAT_ASSIGN(source.bytes, source.file->size());
  if (source.bytes != expected_bytes) {
    return damaged("has " + std::to_string(source.bytes) + " bytes, it was made with " + std::to_string(expected_bytes));
  }
  std::vector<std::byte> header(kJournalFileHeaderBytes);
  LEAT_ASSIGN(const std::size_t got, source.file->read_at(FilePosition(0), header));
  const auto named = decode_journal_file_header(ByteSpan(header).first(got));
  if (named.has_error()) return Error(named.error().code, path.string() + ": " + named.error().context);
  if (*named != number) return damaged("says in its header that it is " + journal_file_name(*named));
  const auto first = peek(source, kJournalFileHeaderBytes);
  if (first.has_error() && !is_torn(first.error())) return first.error();
  if (first.has_value()) source.first_sequence = first->sequence;
  (first.has_value() ? sources_ : headless_).push_back(std::move(source));
  return ok();
}

Result<GroupHeader> JournalReader::peek(Source& source, std::uint64_t position) {
  if (position + kGroupHeaderBytes > source.bytes) return Error(Errc::torn_tail, "end of file");
  std::byte bytes[kGroupHeaderBytes];
  LEAT_ASSIGN(const std::size_t got, source.file->read_at(FilePosition(position), bytes));
  LEAT_ASSIGN(const GroupHeader header, decode_group_header(ByteSpan(bytes).first(got)));
  if (header.epoch != epoch_ || header.group_bytes < kGroupHeaderBytes || position + header.group_bytes > source.bytes) {
    return Error(Errc::torn_tail, "no group of this epoch");
  }
  return header;
}

Result<JournalGroup> JournalReader::read_group(Source& source, std::uint64_t position, const GroupHeader& header) {
  buffer_.resize(header.group_bytes);
  LEAT_ASSIGN(const std::size_t got, source.file->read_at(FilePosition(position), buffer_));
  if (got != buffer_.size()) return Error(Errc::torn_tail, "group cut short");
  JournalGroup group;
  group.sequence = header.sequence;
  std::uint32_t entries_crc = 0;
  std::size_t at = kGroupHeaderBytes;
  for (std::uint32_t i = 0; i < header.entry_count; ++i) {
    if (buffer_.size() - at < kEntryHeaderBytes) return Error(Errc::torn_tail, "entry cut short");
    const EntryHeader entry = decode_entry_header(buffer_.data() + at);
    entries_crc = crc32c_extend(entries_crc, ByteSpan(buffer_).subspan(at, kEntryHeaderBytes));
    if (buffer_.size() - at < entry_bytes(entry.batch_bytes)) return Error(Errc::torn_tail, "entry cut short");
    group.entries.push_back({entry, ByteSpan(buffer_).subspan(at + kEntryHeaderBytes, entry.batch_bytes)});
    LEAT_TRY(check_entry(group.entries.back()));
    at += entry_bytes(entry.batch_bytes);
  }
  if (entries_crc != header.entries_crc) return Error(Errc::torn_tail, "entries checksum");
  return group;
}

Result<std::optional<JournalGroup>> JournalReader::next() {
  while (current_ < sources_.size()) {
    Source& source = sources_[current_];
    auto group = [&]() -> Result<JournalGroup> {
      LEAT_ASSIGN(const GroupHeader header, peek(source, position_));
      if (header.sequence != expected_sequence_) return Error(Errc::torn_tail, "not the next group");
      return read_group(source, position_, header);
    }();
    if (group.has_value()) {
      position_ += align_up(buffer_.size(), kDirectAlignment);
      ++expected_sequence_;
      return std::optional<JournalGroup>(std::move(group).value());
    }
    if (!is_torn(group.error())) return std::move(group).error();
    // The rest of this file is older; the sequence goes on in the next file or not at all.
    const bool continues = current_ + 1 < sources_.size() && sources_[current_ + 1].first_sequence == expected_sequence_;
    if (!continues) {
      LEAT_TRY(check_nothing_follows());
      current_ = sources_.size();
      break;
    }
    ++current_;
    position_ = kJournalFileHeaderBytes;
  }
  return std::optional<JournalGroup>();
}

Error JournalReader::damaged(const Source& source) const {
  return Error(Errc::corruption, source.file->path().string() + ": journal group " + std::to_string(expected_sequence_) +
                                     " is damaged although later groups were written");
}

Result<void> JournalReader::check_nothing_follows() {
  if (current_ + 1 < sources_.size()) return damaged(sources_[current_]);
  const std::uint64_t sequence_min = std::max(expected_sequence_ + 1, first_needed_);
  LEAT_TRY(check_has_none(sources_[current_], position_, sequence_min));
  for (Source& source : headless_) LEAT_TRY(check_has_none(source, kJournalFileHeaderBytes, sequence_min));
  return ok();
}

Result<void> JournalReader::check_has_none(Source& source, std::uint64_t from_position, std::uint64_t sequence_min) {
  for (std::uint64_t at = from_position; at < source.bytes; at += kDirectAlignment) {
    const auto header = peek(source, at);
    if (header.has_error() && !is_torn(header.error())) return header.error();
    if (header.has_value() && header->sequence >= sequence_min) return damaged(source);
  }
  return ok();
}

}  // namespace leat::storage
