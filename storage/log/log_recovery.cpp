#include "storage/log/log_recovery.hpp"

#include <algorithm>

#include "storage/segment/segment_scanner.hpp"

namespace leat::storage {
namespace {

class LogRecovery {
 public:
  LogRecovery(std::shared_ptr<OpenFiles> files, std::shared_ptr<BlockPool> read_blocks,
              std::shared_ptr<ProducerRegistry> producers, const Path& directory, const RecoveryPoint& point, TimestampMs now_ms,
              bool after_crash)
      : fs_(files->fs()),
        files_(std::move(files)),
        read_blocks_(std::move(read_blocks)),
        directory_(directory),
        point_(point),
        now_ms_(now_ms),
        after_crash_(after_crash),
        log_(std::move(producers)) {}

  Result<RecoveredLog> run() {
    LEAT_TRY(fs_.create_directories(directory_));
    LEAT_TRY(list_segments());
    LEAT_TRY(remove_expired());
    LEAT_TRY(check_beginning());
    log_.producers.restore(point_.producers, point_.producers_forgotten_below);
    log_.log_start = point_.log_start;
    std::size_t i = 0;
    for (; i < bases_.size() && bases_[i] < point_.segment_base; ++i) LEAT_TRY(open_sealed(bases_[i], next_base(i)));
    LEAT_TRY(scan_open_segments(i));
    log_.next_offset = log_.segments.back()->end().next_offset;
    // Offsets are never reused, not even those of records that were deleted and whose segment never reached the disk.
    if (log_.next_offset < point_.offset)
      return corrupt("ends at offset " + text(log_.next_offset) + " before " + text(point_.offset));
    return std::move(log_);
  }

 private:
  static std::string text(Offset offset) { return std::to_string(offset.value()); }
  Error corrupt(const std::string& what) const { return Error(Errc::corruption, directory_.string() + ": " + what); }
  Offset next_base(std::size_t i) const {
    return i + 1 < bases_.size() ? std::min(bases_[i + 1], point_.segment_base) : point_.segment_base;
  }

  Result<void> list_segments() {
    LEAT_ASSIGN(const auto entries, fs_.list(directory_));
    for (const DirectoryEntry& entry : entries) {
      if (const auto base = parse_segment_file_name(entry.name)) bases_.push_back(*base);
    }
    std::ranges::sort(bases_);
    return ok();
  }

  /// A crash between saving a log start and removing the segments before it leaves them behind.
  Result<void> remove_expired() {
    while (bases_.size() > 1 && bases_[1] <= point_.log_start && bases_[1] <= point_.segment_base) {
      LEAT_TRY(remove_segment_files(fs_, directory_, bases_[0]));
      bases_.erase(bases_.begin());
    }
    return ok();
  }

  Result<void> check_beginning() {
    if (bases_.empty() || bases_.front() > point_.segment_base) {
      // The recovery point's own segment may be missing only while nothing in it was vouched for.
      if (point_.position == 0 && point_.log_start >= point_.segment_base) return ok();
      return corrupt("segment " + segment_file_name(point_.segment_base) + " is missing");
    }
    if (bases_.front() > point_.log_start)
      return corrupt("segments before " + segment_file_name(bases_.front()) + " are missing");
    return ok();
  }

  Result<void> open_sealed(Offset base, Offset next) {
    auto segment = make_segment(base);
    LEAT_ASSIGN(const std::uint64_t file_bytes, look_at(*segment));
    LEAT_ASSIGN(const auto last, segment->index().last_entry());
    if (last && last->position == file_bytes && base + last->relative_offset == next) {
      segment->recovered_until({file_bytes, next, last->max_timestamp});
      segment->set_sealed();
      log_.segments.push_back(std::move(segment));
      return ok();
    }
    LEAT_ASSIGN(auto appender, rebuild_index(std::move(segment), SegmentEnd{0, base, kNoTimestamp}, false));
    if (appender.segment()->end().next_offset != next || appender.segment()->end().position != file_bytes) {
      return corrupt(segment_file_name(base) + " ends at offset " + text(appender.segment()->end().next_offset) +
                     ", the next begins at " + text(next));
    }
    log_.segments.push_back(appender.segment());
    return std::move(appender).seal();
  }

  std::shared_ptr<Segment> make_segment(Offset base) {
    return std::make_shared<Segment>(files_, read_blocks_, directory_, base, SegmentEnd{0, base, kNoTimestamp});
  }

  /// How large the file is; learns when it was last appended to. A file from the future was so before somebody set the clock
  /// back.
  Result<std::uint64_t> look_at(Segment& segment) {
    LEAT_ASSIGN(const FileLease file, segment.file().open());
    LEAT_ASSIGN(const TimestampMs modified_ms, file->modified_ms());
    segment.set_appended_ms(std::min(modified_ms, now_ms_));
    return file->size();
  }

  /// Scans a segment from a place in it to its end and leaves an appender there, with index entries for what was scanned.
  Result<SegmentAppender> rebuild_index(std::shared_ptr<Segment> segment, SegmentEnd from, bool rewrite) {
    const Offset base = segment->base_offset();
    if (from.position == 0) LEAT_TRY(segment->index().load(0));
    IndexSpacing spacing(base, from.position);
    SegmentEnd end = from;
    const auto visit = [&](const record::BatchHeader& header, std::uint64_t position) {
      if (const auto entry = spacing.entry_at(header.base_offset, position, end.max_timestamp)) segment->index().add(*entry);
      end.max_timestamp = std::max(end.max_timestamp, header.max_timestamp);
      if (header.base_offset >= point_.offset && header.producer_id.value() >= 0) {
        log_.producers.record(header, header.base_offset, now_ms_);
      }
    };
    LEAT_ASSIGN(const FileLease file, segment->file().open());
    LEAT_ASSIGN(const Scanned scanned, scan_segment(*file, from, {rewrite}, visit));
    stopped_ = scanned.reason;
    segment->recovered_until(scanned.end);
    return SegmentAppender(segment, spacing);
  }

  /// The segments from the recovery point on: the first is scanned from the point, those behind it (rolled since) from their
  /// start.
  Result<void> scan_open_segments(std::size_t i) {
    Offset expected = point_.segment_base;
    if (point_.position > 0 && (i == bases_.size() || bases_[i] != expected)) {
      return corrupt("segment " + segment_file_name(expected) + " is missing");
    }
    for (; i < bases_.size() && bases_[i] == expected; ++i) {
      if (log_.appender) LEAT_TRY(std::move(*log_.appender).seal());
      LEAT_TRY(scan_open_segment(bases_[i]));
      expected = log_.appender->segment()->end().next_offset;
      if (stopped_) {
        ++i;
        break;
      }
    }
    if (!log_.appender) LEAT_TRY(create_first(expected));
    // What lies behind a torn write was never vouched for either.
    for (; i < bases_.size(); ++i) LEAT_TRY(remove_segment_files(fs_, directory_, bases_[i]));
    return ok();
  }

  Result<void> create_first(Offset base) {
    LEAT_ASSIGN(log_.appender, SegmentAppender::create(files_, read_blocks_, directory_, base));
    log_.segments.push_back(log_.appender->segment());
    return ok();
  }

  Result<void> scan_open_segment(Offset base) {
    const bool holds_point = base == point_.segment_base;
    const std::uint64_t vouched = holds_point ? point_.position : 0;
    auto segment = make_segment(base);
    LEAT_ASSIGN(const std::uint64_t file_bytes, look_at(*segment));
    if (file_bytes < vouched) {
      return corrupt(segment_file_name(base) + " has " + std::to_string(file_bytes) + " bytes, " + std::to_string(vouched) +
                     " were synced");
    }
    SegmentEnd from{0, base, kNoTimestamp};
    if (vouched > 0) {
      LEAT_ASSIGN(const auto entry, segment->index().load(vouched));
      if (entry) from = {entry->position, base + entry->relative_offset, entry->max_timestamp};
    }
    LEAT_ASSIGN(log_.appender, rebuild_index(std::move(segment), from, after_crash_));
    log_.segments.push_back(log_.appender->segment());
    const SegmentEnd end = log_.appender->segment()->end();
    if (end.position < vouched || (holds_point && end.next_offset < point_.offset)) {
      return corrupt(segment_file_name(base) + " is damaged at byte " + std::to_string(end.position) + ": " +
                     (stopped_ ? stopped_->message() : "it ends there"));
    }
    if (end.position == file_bytes) return ok();
    LEAT_ASSIGN(const FileLease file, log_.segments.back()->file().open());
    return file->truncate(end.position);
  }

  FileSystem& fs_;
  const std::shared_ptr<OpenFiles> files_;
  const std::shared_ptr<BlockPool> read_blocks_;
  const Path& directory_;
  const RecoveryPoint& point_;
  const TimestampMs now_ms_;
  const bool after_crash_;
  std::vector<Offset> bases_;
  std::optional<Error> stopped_;
  RecoveredLog log_;
};

}  // namespace

Result<RecoveredLog> recover_log(const std::shared_ptr<OpenFiles>& files, const std::shared_ptr<BlockPool>& read_blocks,
                                 const std::shared_ptr<ProducerRegistry>& producers, const Path& directory,
                                 const RecoveryPoint& point, TimestampMs now_ms, bool after_crash) {
  return LogRecovery(files, read_blocks, producers, directory, point, now_ms, after_crash).run();
}

}  // namespace leat::storage
