#include <algorithm>

#include "storage/journal/journal_files.hpp"
#include "storage/journal/journal_reader.hpp"
#include "storage/store.hpp"

namespace leat::storage {

constexpr std::uint64_t kSmallFilesBytes = 64U << 10;  ///< catalog, indexes, what a file system takes for names

/// The steps of Store::open.
class StoreOpener {
 public:
  explicit StoreOpener(Store& store) : store_(store) {}

  Result<void> run() {
    auto opened = steps();
    if (opened.has_value() || opened.error().code != Errc::storage_full) return opened;
    return Error(Errc::storage_full, opened.error().context + "; " + room_needed());
  }

 private:
  /// For a person whose disk is full. Nothing is lost: a start goes on from any state that another one left.
  std::string room_needed() const {
    const Path& directory = store_.options_.data_dir;
    const auto space = store_.fs_.space(directory);
    const std::uint64_t needed = needed_bytes_ + checkpoint_bytes() + kSmallFilesBytes;
    std::string text = directory.native() + " has ";
    text.append(space ? std::to_string(space->free_bytes) : "an unknown number of")
        .append(" bytes free, starting on it takes about ");
    return text.append(std::to_string(needed)).append("; nothing is lost, start again when there is room");
  }

  std::uint64_t checkpoint_bytes() const {
    const auto file = store_.fs_.open(store_.checkpoint_path(), {.read_only = true});
    const auto size = file ? (*file)->size() : Result<std::uint64_t>(file.error());
    return size ? *size : 0;
  }

  Result<void> steps() {
    LEAT_TRY(check_options());
    LEAT_TRY(create_directories_durably(store_.fs_, store_.options_.data_dir));
    LEAT_ASSIGN(store_.lock_, store_.fs_.lock(store_.options_.data_dir));
    LEAT_TRY(load_catalog_and_checkpoint());
    store_.broker_id_ = store_.catalog_.broker_id;
    store_.producers_->set_next_id(store_.catalog_.next_producer);
    LEAT_TRY(store_.fs_.create_directories(store_.journal_directory()));
    LEAT_TRY(store_.fs_.create_directories(store_.topics_directory()));
    LEAT_TRY(store_.fs_.sync_directory(store_.options_.data_dir));
    LEAT_TRY(finish_deletions());
    LEAT_TRY(quarantine_unknown());
    LEAT_TRY(open_logs());
    if (!checkpoint_.clean) LEAT_TRY(replay_journal());
    // From here on the segments are all there is: what the journal held is in them and synced, its groups are of a past epoch,
    // and none of its files is needed.
    store_.epoch_ = next_epoch();
    LEAT_TRY(store_.save_points(false));
    LEAT_ASSIGN(const bool journaled, has_journal());
    if (!journaled) needed_bytes_ = store_.options_.journal.file_bytes;
    LEAT_ASSIGN(store_.journal_, Journal::open(store_.fs_, store_.journal_directory(), store_.options_.journal, store_.epoch_));
    return store_.record_journal_files();
  }

  /// Differs from the one before by the counter, and from what anybody can guess by the rest: a producer that knew it could send
  /// a batch that holds what reads like a group of this journal.
  std::uint64_t next_epoch() {
    const auto count = static_cast<std::uint32_t>(checkpoint_.epoch + 1);
    return (store_.random_.next() << 32) | count;
  }

  Result<void> check_options() {
    const std::uint64_t group_max = Journal::group_bytes_max(store_.options_.journal);
    const auto batch_max = static_cast<std::uint64_t>(store_.options_.topic_defaults.batch_bytes_max) + kDirectAlignment;
    if (store_.options_.queue.group_bytes_max > group_max || batch_max > group_max) {
      return Error(Errc::invalid_argument, "journal files of " + std::to_string(store_.options_.journal.file_bytes) +
                                               " bytes are too small for a group or for max.message.bytes");
    }
    return ok();
  }

  Result<void> load_catalog_and_checkpoint() {
    LEAT_ASSIGN(const bool known, store_.fs_.exists(store_.catalog_path()));
    if (!known) return create();
    LEAT_ASSIGN(store_.catalog_, load_catalog(store_.fs_, store_.catalog_path()));
    LEAT_ASSIGN(const bool checkpointed, store_.fs_.exists(store_.checkpoint_path()));
    if (!checkpointed) {
      // Only the very first start can have been interrupted before its checkpoint, and that comes before the journal's first
      // file.
      LEAT_ASSIGN(const bool journaled, has_journal());
      if (store_.catalog_.topics.empty() && !journaled) return ok();
      return Error(Errc::corruption, store_.checkpoint_path().string() + " is missing");
    }
    LEAT_ASSIGN(checkpoint_, load_checkpoint(store_.fs_, store_.checkpoint_path()));
    store_.report_.after_crash = !checkpoint_.clean;
    return ok();
  }

  Result<bool> has_journal() {
    LEAT_ASSIGN(const bool there, store_.fs_.exists(store_.journal_directory()));
    if (!there) return false;
    LEAT_ASSIGN(const auto files, list_journal_files(store_.fs_, store_.journal_directory()));
    return !files.empty();
  }

  Result<void> create() {
    LEAT_ASSIGN(const auto entries, store_.fs_.list(store_.options_.data_dir));
    for (const DirectoryEntry& entry : entries) {
      const bool ours_to_begin_with = entry.name == "LOCK" || entry.name == "catalog.tmp" || entry.name == "lost+found";
      if (!ours_to_begin_with) {
        return Error(Errc::corruption, store_.options_.data_dir.string() + " holds '" + entry.name +
                                           "' but no catalog: not a leat data directory, or its catalog was lost");
      }
    }
    store_.report_.created = true;
    store_.catalog_.broker_id = Uuid::random(store_.random_);
    LEAT_TRY(save_catalog(store_.fs_, store_.catalog_path(), store_.catalog_));
    // Should an earlier start have been interrupted right after it made the directory.
    return sync_parent(store_.fs_, store_.options_.data_dir);
  }

  Result<void> finish_deletions() {
    if (store_.catalog_.deleted.empty()) return ok();
    for (const TopicId& id : store_.catalog_.deleted) LEAT_TRY(store_.fs_.remove_tree(store_.topic_directory(id)));
    LEAT_TRY(store_.fs_.sync_directory(store_.topics_directory()));
    store_.catalog_.deleted.clear();
    return save_catalog(store_.fs_, store_.catalog_path(), store_.catalog_);
  }

  /// Data that the catalog does not know is kept for a person to look at, never removed.
  Result<void> quarantine_unknown() {
    LEAT_ASSIGN(const auto entries, store_.fs_.list(store_.topics_directory()));
    for (const DirectoryEntry& entry : entries) {
      const auto id = Uuid::parse(entry.name);
      const bool known =
          id && std::ranges::any_of(store_.catalog_.topics, [&](const auto& topic) { return topic.second.id == *id; });
      if (known) continue;
      const Path quarantine = store_.options_.data_dir / "quarantine";
      LEAT_TRY(store_.fs_.create_directories(quarantine));
      const Path to = quarantine / (entry.name + "-" + std::to_string(store_.clock_.wall_ms()));
      LEAT_TRY(store_.fs_.rename(store_.topics_directory() / entry.name, to));
      LEAT_TRY(store_.fs_.sync_directory(quarantine));
      LEAT_TRY(store_.fs_.sync_directory(store_.options_.data_dir));
      store_.report_.quarantined.push_back(to);
    }
    return ok();
  }

  Result<void> open_logs() {
    std::unordered_map<LogId, const RecoveryPoint*> saved;
    for (const RecoveryPoint& point : checkpoint_.points) saved.emplace(point.log, &point);
    for (const auto& [name, topic] : store_.catalog_.topics) {
      const auto config = store_.configure(topic.settings);
      if (config.has_error()) return Error(config.error().code, "topic " + name + ": " + config.error().context);
      for (std::size_t i = 0; i < topic.logs.size(); ++i) {
        RecoveryPoint point;
        point.log = topic.logs[i];
        if (const auto found = saved.find(point.log); found != saved.end()) point = *found->second;
        LEAT_ASSIGN(auto log, PartitionLog::open(store_.log_environment(), store_.topic_directory(topic.id) / std::to_string(i),
                                                 point, *config, !checkpoint_.clean));
        store_.logs_.emplace(topic.logs[i], std::move(log));
      }
      LEAT_TRY(store_.fs_.sync_directory(store_.topic_directory(topic.id)));
    }
    return store_.fs_.sync_directory(store_.topics_directory());
  }

  /// Goes on reading when there is no room for what the journal holds, to say how much is needed.
  Result<void> replay_journal() {
    LEAT_ASSIGN(auto reader, JournalReader::open(store_.fs_, store_.journal_directory(), checkpoint_.journal, checkpoint_.epoch,
                                                 checkpoint_.first_needed_sequence));
    std::optional<Error> full;
    while (true) {
      LEAT_ASSIGN(const auto group, reader.next());
      if (!group) return full ? Result<void>(std::move(*full)) : ok();
      ++store_.report_.groups_replayed;
      for (const JournalEntry& entry : group->entries) {
        if (!full) {
          auto replayed = replay(entry);
          if (replayed.has_value()) continue;
          if (replayed.error().code != Errc::storage_full) return replayed;
          full = std::move(replayed).error();
        }
        needed_bytes_ += entry.batch.size();
      }
    }
  }

  Result<void> replay(const JournalEntry& entry) {
    if (entry.header.log >= store_.catalog_.next_log) {
      return Error(Errc::corruption, "the journal holds batches of partition " + std::to_string(entry.header.log.value()) +
                                         ", which the catalog does not know");
    }
    const auto log = store_.logs_.find(entry.header.log);
    if (log == store_.logs_.end()) return ok();  // deleted since
    LEAT_ASSIGN(const record::BatchHeader header, record::parse_batch_header(entry.batch));
    const Offset before = log->second->next_offset();
    LEAT_TRY(log->second->replay(header, entry.batch));
    if (log->second->next_offset() != before) ++store_.report_.batches_replayed;
    return ok();
  }

  Store& store_;
  Checkpoint checkpoint_;
  std::uint64_t needed_bytes_ = 0;  ///< for the journal's first file, or for what it holds and the segments have no room for
};

Result<std::unique_ptr<Store>> Store::open(FileSystem& fs, const Clock& clock, Random& random, StoreOptions options) {
  std::unique_ptr<Store> store(new Store(fs, clock, random, std::move(options)));
  LEAT_TRY(StoreOpener(*store).run());
  return store;
}

}  // namespace leat::storage
