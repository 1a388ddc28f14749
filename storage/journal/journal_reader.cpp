#include "storage/journal/journal_reader.hpp"

#include <algorithm>
#include <string>

#include "protocol/base/crc32c.hpp"
#include "protocol/record/batch_validator.hpp"
#include "protocol/record/format.hpp"
#include "storage/journal/journal_files.hpp"

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

Result<JournalReader> JournalReader::open(FileSystem& fs, const Path& directory, std::uint64_t epoch,
                                          std::uint64_t first_sequence) {
  JournalReader reader(epoch);
  LEAT_ASSIGN(const auto numbers, list_journal_files(fs, directory));
  for (const std::uint64_t number : numbers) {
    Source source;
    OpenOptions options;
    options.read_only = true;
    LEAT_ASSIGN(source.file, fs.open(directory / journal_file_name(number), options));
    LEAT_ASSIGN(source.bytes, source.file->size());
    std::vector<std::byte> header(kJournalFileHeaderBytes);
    LEAT_ASSIGN(const std::size_t got, source.file->read_at(FilePosition(0), header));
    auto file_number = decode_journal_file_header(ByteSpan(header).first(got));
    if (file_number.has_error())
      return Error(file_number.error().code, source.file->path().string() + ": " + file_number.error().context);
    const auto first = reader.peek(source, kJournalFileHeaderBytes);
    if (first.has_error()) {
      if (!is_torn(first.error())) return first.error();
      continue;
    }
    source.first_sequence = first->sequence;
    reader.sources_.push_back(std::move(source));
  }
  std::ranges::sort(reader.sources_, {}, &Source::first_sequence);
  // Files that hold only older groups are passed over; the needed ones go on without a gap from the file that holds the first.
  while (reader.current_ + 1 < reader.sources_.size() && reader.sources_[reader.current_ + 1].first_sequence <= first_sequence) {
    ++reader.current_;
  }
  if (!reader.sources_.empty()) {
    reader.expected_sequence_ = reader.sources_[reader.current_].first_sequence;
    if (reader.expected_sequence_ > first_sequence) {
      return Error(Errc::corruption, directory.string() + ": journal group " + std::to_string(first_sequence) +
                                         " is missing, the oldest is " + std::to_string(reader.expected_sequence_));
    }
  }
  return reader;
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

Result<void> JournalReader::check_nothing_follows() {
  const auto damaged = [this](const Source& source) {
    return Error(Errc::corruption, source.file->path().string() + ": journal group " + std::to_string(expected_sequence_) +
                                       " is damaged although later groups were written");
  };
  if (current_ + 1 < sources_.size()) return damaged(sources_[current_]);
  Source& source = sources_[current_];
  for (std::uint64_t at = position_; at < source.bytes; at += kDirectAlignment) {
    const auto header = peek(source, at);
    if (header.has_error() && !is_torn(header.error())) return header.error();
    if (header.has_value() && header->sequence > expected_sequence_) return damaged(source);
  }
  return ok();
}

}  // namespace leat::storage
