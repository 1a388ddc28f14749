// Damage at rest, which no crash explains: it is noticed and named, or it did no harm. Never a silent loss.
#include <gmock/gmock.h>

#include <algorithm>
#include <array>

#include "protocol/base/crc32c.hpp"
#include "protocol/base/endian.hpp"
#include "simulation/simulated_broker.hpp"
#include "storage/journal/journal_format.hpp"

namespace leat::simulation {
namespace {

using storage::FileSystem;
using storage::OpenOptions;
using storage::Path;
using storage::Store;
using testing::HasSubstr;

enum class State { stopped, killed, powered_off };
enum class Damage { flip, zero, truncate };

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr std::uint64_t kRounds = 300;
#else
constexpr std::uint64_t kRounds = 2'000;
#endif

std::string name_of(State state) {
  switch (state) {
    case State::stopped:
      return "Stopped";
    case State::killed:
      return "Killed";
    case State::powered_off:
      return "PoweredOff";
  }
  return {};
}

std::vector<Path> files_below(FileSystem& fs, const Path& directory) {
  std::vector<Path> files;
  for (const auto& entry : fs.list(directory).value()) {
    const Path path = directory / entry.name;
    if (!entry.is_directory) {
      files.push_back(path);
    } else {
      const auto below = files_below(fs, path);
      files.insert(files.end(), below.begin(), below.end());
    }
  }
  return files;
}

std::uint64_t size_of(FileSystem& fs, const Path& path) { return fs.open(path, {}).value()->size().value(); }

void write(FileSystem& fs, const Path& path, std::uint64_t at, ByteSpan bytes) {
  const auto file = fs.open(path, {.existence = OpenOptions::Existence::either}).value();
  file->write_at(FilePosition(at), std::array{bytes}).value();
  file->sync().value();
}

/// A broker with a past, and the disk it left.
class DamagedDirectory : public testing::Test {
 protected:
  void live(State state, std::uint64_t seed = 1) {
    broker_ = std::make_unique<SimulatedBroker>(seed);
    must(broker_->start());
    must(broker_->create_topic("orders", 2, {}));
    must(broker_->create_topic("events", 1, {{"segment.bytes", "20000"}}));
    publish(25);
    must(broker_->checkpoint());
    publish(8);
    if (state == State::stopped) must(broker_->stop());
    if (state == State::killed) broker_->crash(CrashChoice::keep_everything(), Crash::process_death);
    if (state == State::powered_off) broker_->crash(CrashChoice::lose_everything_unsynced(), Crash::power_loss);
  }
  static void must(const Result<void>& result) {
    if (result.has_error()) throw std::runtime_error(result.error().message());
  }
  void publish(int rounds) {
    for (int round = 0; round < rounds; ++round) {
      for (const LogId log : broker_->logs()) must(broker_->publish(log, 0, 2, 200, record::Codec::none));
      must(broker_->prepare_journal());
      must(broker_->drain());
    }
  }
  [[nodiscard]] std::unique_ptr<SimulatedDisk> copy() const { return broker_->disk().crash(CrashChoice::keep_everything()); }
  [[nodiscard]] Path data_dir() const { return broker_->options().data_dir; }
  Result<std::unique_ptr<Store>> open(SimulatedDisk& disk) {
    random_ = std::make_unique<SeededRandom>(5);
    return Store::open(disk, broker_->clock(), *random_, broker_->options());
  }
  std::vector<Path> files(FileSystem& fs, std::string_view suffix) {
    auto all = files_below(fs, data_dir());
    std::erase_if(all, [&](const Path& path) { return !path.native().ends_with(suffix); });
    return all;
  }
  /// The error of opening a directory, empty when it opens.
  std::string refusal(SimulatedDisk& disk, Errc expected) {
    const auto opened = open(disk);
    if (opened.has_value()) return {};
    EXPECT_EQ(opened.error().code, expected) << opened.error().message();
    return opened.error().message();
  }
  /// Everything that was promised is there.
  Result<void> check_intact(const Store& store) const {
    return check_recovered(store, broker_->model(), broker_->promise(), Crash::process_death, true);
  }

  std::unique_ptr<SimulatedBroker> broker_;
  std::unique_ptr<SeededRandom> random_;
};

// --- anything, anywhere

class RandomDamage : public DamagedDirectory, public testing::WithParamInterface<State> {
 protected:
  struct Range {
    Path path;
    std::uint64_t begin = 0;
    std::uint64_t end = 0;
  };
  std::uint64_t below(std::uint64_t limit) { return dice_.next() % limit; }

  /// The group that was written last: nothing tells damage to it from a write that the crash interrupted.
  Range last_journal_group(FileSystem& fs) {
    Range last;
    std::uint64_t sequence = 0;
    const std::uint64_t epoch = storage::load_checkpoint(fs, data_dir() / "checkpoint")->epoch;
    for (const Path& path : files_below(fs, data_dir() / "journal")) {
      const auto bytes = storage::read_file(fs, path, 1U << 20).value();
      for (std::size_t at = 0; at < bytes.size(); at += storage::kDirectAlignment) {
        const auto header = storage::decode_group_header(ByteSpan(bytes).subspan(at));
        if (header.has_error() || header->epoch != epoch || header->sequence <= sequence) continue;
        sequence = header->sequence;
        last = {path, at, at + header->group_bytes};
      }
    }
    return last;
  }

  Range damage(SimulatedDisk& disk) {
    auto all = files_below(disk, data_dir());
    std::erase_if(all, [&](const Path& path) { return path.filename() == "LOCK" || size_of(disk, path) == 0; });
    const Path path = all[below(all.size())];
    const std::uint64_t bytes = size_of(disk, path);
    const std::uint64_t at = below(bytes);
    switch (static_cast<Damage>(below(3))) {
      case Damage::flip:
        disk.corrupt(path, FilePosition(at), std::byte{1} << below(8));
        return {path, at, at + 1};
      case Damage::zero: {
        const std::vector<std::byte> zeros(std::min(bytes - at, 1 + below(5'000)));
        write(disk, path, at, zeros);
        return {path, at, at + zeros.size()};
      }
      case Damage::truncate:
        disk.open(path, {}).value()->truncate(at).value();
        return {path, at, bytes};
    }
    return {};
  }

  static bool is_reported(Errc code) {
    return code == Errc::corruption || code == Errc::corrupt_batch || code == Errc::invalid_batch || code == Errc::torn_tail;
  }

  /// What was promised is there, or reading it says that it is damaged.
  Result<void> check_served(Store& store, bool segment_damaged) {
    for (const storage::Topic& topic : store.topics()) {
      for (const auto& log : topic.logs) {
        if (log->high_watermark() < broker_->promise().at(log->id()).durable_end) return violation("a log has become shorter");
        auto read = check_contents(*log, broker_->model().logs.at(log->id()), log->high_watermark(), true);
        if (read.has_error() && !(segment_damaged && is_reported(read.error().code))) return read;
      }
    }
    return ok();
  }

  Result<void> open_damaged(SimulatedDisk& disk, const Range& damaged) {
    const auto segments = files(disk, ".log");
    const auto opened = open(disk);
    if (opened.has_value()) return check_served(**opened, damaged.path.extension() == ".log");
    const bool clear = opened.error().code == Errc::corruption || opened.error().code == Errc::unsupported_format;
    const std::string message = opened.error().message();
    if (!clear || message.find(damaged.path.parent_path().native()) == std::string::npos)
      return violation("an unclear refusal: " + message);
    if (damaged.path.extension() == ".index") return violation("refused for a damaged index: " + message);
    const auto after = files(disk, ".log");
    return std::ranges::includes(after, segments) ? ok() : Result<void>(violation("data was removed"));
  }

  SeededRandom dice_{11};
};

TEST_P(RandomDamage, IsNoticedOrDoesNoHarm) {
  live(GetParam());
  for (std::uint64_t round = 0; round < kRounds && !HasFailure(); ++round) {
    const auto disk = copy();
    const Range last = last_journal_group(*disk);
    const Range damaged = damage(*disk);
    const bool is_the_tail =
        GetParam() != State::stopped && damaged.path == last.path && damaged.begin < last.end && damaged.end > last.begin;
    if (is_the_tail) continue;
    const auto checked = open_damaged(*disk, damaged);
    if (checked.has_error()) {
      ADD_FAILURE() << "round " << round << ", " << damaged.path << " from " << damaged.begin << " to " << damaged.end << ": "
                    << checked.error().message();
    }
  }
}

INSTANTIATE_TEST_SUITE_P(States, RandomDamage, testing::Values(State::stopped, State::killed, State::powered_off),
                         [](const auto& state) { return name_of(state.param); });

// --- what may be lost

TEST_F(DamagedDirectory, RemovedIndexesAreRebuiltAsTheyWere) {
  live(State::stopped);
  const auto disk = copy();
  const auto indexes = files(*disk, ".index");
  std::vector<std::vector<std::byte>> contents;
  for (const Path& path : indexes) contents.push_back(storage::read_file(*disk, path, 1U << 20).value());
  for (const Path& path : indexes) disk->remove_file(path).value();
  {
    const auto store = open(*disk).value();
    EXPECT_TRUE(check_intact(*store).has_value());
    store->close().value();
  }
  ASSERT_GT(indexes.size(), 5U);
  for (std::size_t i = 0; i < indexes.size(); ++i) {
    if (contents[i].size() <= storage::kIndexEntryBytes) continue;
    EXPECT_EQ(storage::read_file(*disk, indexes[i], 1U << 20).value(), contents[i]) << indexes[i];
  }
}

TEST_F(DamagedDirectory, EveryIndexMayHoldRubbish) {
  for (const State state : {State::stopped, State::killed, State::powered_off}) {
    live(state);
    const auto disk = copy();
    for (const Path& path : files(*disk, ".index")) write(*disk, path, 0, std::vector<std::byte>(1'000, std::byte{0xa5}));
    const auto store = open(*disk).value();
    EXPECT_TRUE(check_intact(*store).has_value());
  }
}

// --- what may not

TEST_F(DamagedDirectory, AMissingCatalogIsRefusedAndNothingTouched) {
  live(State::stopped);
  const auto disk = copy();
  disk->remove_file(data_dir() / "catalog").value();
  const auto before = files_below(*disk, data_dir());
  EXPECT_THAT(refusal(*disk, Errc::corruption), HasSubstr("no catalog"));
  EXPECT_EQ(files_below(*disk, data_dir()), before);
}

TEST_F(DamagedDirectory, AMissingCheckpointIsRefused) {
  for (const State state : {State::stopped, State::killed}) {
    live(state);
    const auto disk = copy();
    disk->remove_file(data_dir() / "checkpoint").value();
    EXPECT_THAT(refusal(*disk, Errc::corruption), HasSubstr("checkpoint is missing"));
  }
}

TEST_F(DamagedDirectory, AMissingCheckpointIsRefusedWithoutTopicsToo) {
  live(State::stopped);
  must(broker_->start());
  must(broker_->delete_topic("orders"));
  must(broker_->delete_topic("events"));
  must(broker_->stop());
  const auto disk = copy();
  disk->remove_file(data_dir() / "checkpoint").value();
  EXPECT_THAT(refusal(*disk, Errc::corruption), HasSubstr("checkpoint is missing"));
}

TEST_F(DamagedDirectory, AMissingSegmentIsRefused) {
  live(State::stopped);
  for (const Path& path : files(broker_->disk(), ".log")) {
    const auto disk = copy();
    if (size_of(*disk, path) == 0) continue;
    disk->remove_file(path).value();
    EXPECT_THAT(refusal(*disk, Errc::corruption), HasSubstr(path.parent_path().native())) << path;
  }
}

TEST_F(DamagedDirectory, AMissingJournalFileIsRefusedAndNamed) {
  for (const State state : {State::killed, State::powered_off}) {
    live(state);
    const auto journal = files_below(broker_->disk(), data_dir() / "journal");
    ASSERT_GT(journal.size(), 1U);
    for (const Path& path : journal) {
      const auto disk = copy();
      disk->remove_file(path).value();
      EXPECT_THAT(refusal(*disk, Errc::corruption), HasSubstr(path.native() + " is missing"));
    }
  }
}

TEST_F(DamagedDirectory, ACutJournalFileIsRefusedAndNamed) {
  live(State::killed);
  for (const Path& path : files_below(broker_->disk(), data_dir() / "journal")) {
    const auto disk = copy();
    disk->open(path, {}).value()->truncate(size_of(*disk, path) - storage::kDirectAlignment).value();
    EXPECT_THAT(refusal(*disk, Errc::corruption), HasSubstr(path.native() + " has "));
  }
}

TEST_F(DamagedDirectory, NoJournalIsNeededAfterAnOrderlyStop) {
  live(State::stopped);
  const auto disk = copy();
  disk->remove_tree(data_dir() / "journal").value();
  const auto store = open(*disk).value();
  EXPECT_TRUE(check_intact(*store).has_value());
}

TEST_F(DamagedDirectory, ATopicThatTheCatalogDoesNotKnowIsKeptAside) {
  live(State::stopped);
  const auto disk = copy();
  const Path unknown = data_dir() / "topics" / "01234567-89ab-4cde-8f01-23456789abcd";
  disk->create_directories(unknown / "0").value();
  write(*disk, unknown / "0" / storage::segment_file_name(Offset(0)), 0, as_bytes("data of somebody"));
  const auto store = open(*disk).value();
  EXPECT_TRUE(check_intact(*store).has_value());
  ASSERT_EQ(store->recovery_report().quarantined.size(), 1U);
  const Path kept = store->recovery_report().quarantined[0] / "0" / storage::segment_file_name(Offset(0));
  EXPECT_EQ(as_text(storage::read_file(*disk, kept, 100).value()), "data of somebody");
  EXPECT_FALSE(disk->exists(unknown).value());
}

// --- what is not for this program

TEST_F(DamagedDirectory, ADirectoryOfSomethingElseIsRefusedAndLeftAlone) {
  live(State::stopped);
  SimulatedDisk disk;
  disk.create_directories(data_dir()).value();
  write(disk, data_dir() / "letters.txt", 0, as_bytes("dear"));
  EXPECT_THAT(refusal(disk, Errc::corruption), HasSubstr("not a leat data directory"));
  EXPECT_EQ(as_text(storage::read_file(disk, data_dir() / "letters.txt", 100).value()), "dear");
}

TEST_F(DamagedDirectory, AnotherFormatOfTheCatalogIsNamed) {
  live(State::stopped);
  const auto disk = copy();
  const Path path = data_dir() / "catalog";
  const auto bytes = storage::read_file(*disk, path, 1U << 20).value();
  std::string text(as_text(bytes).substr(0, as_text(bytes).find('\n') + 1));
  text.replace(text.find("\"format\":1"), 10, "\"format\":9");
  std::array<char, 9> sum{};
  std::snprintf(sum.data(), sum.size(), "%08x", crc32c(as_bytes(text)));
  text += "crc32c " + std::string(sum.data()) + "\n";
  disk->open(path, {}).value()->truncate(0).value();
  write(*disk, path, 0, as_bytes(text));
  EXPECT_THAT(refusal(*disk, Errc::unsupported_format), HasSubstr("format 9"));
}

TEST_F(DamagedDirectory, AnotherVersionOfTheCheckpointIsNamed) {
  live(State::killed);
  const auto disk = copy();
  const Path path = data_dir() / "checkpoint";
  auto bytes = storage::read_file(*disk, path, 1U << 20).value();
  store_le(bytes.data() + 8, std::uint32_t{9});
  store_le(bytes.data() + bytes.size() - 4, crc32c(ByteSpan(bytes).first(bytes.size() - 4)));
  write(*disk, path, 0, bytes);
  EXPECT_THAT(refusal(*disk, Errc::unsupported_format), HasSubstr("checkpoint: version 9"));
}

TEST_F(DamagedDirectory, AnotherVersionOfTheJournalIsNamed) {
  live(State::killed);
  const auto disk = copy();
  const Path path = files_below(*disk, data_dir() / "journal")[0];
  auto header = storage::read_file(*disk, path, 1U << 20).value();
  store_le(header.data() + 8, std::uint32_t{9});
  store_le(header.data() + 4, crc32c(ByteSpan(header).subspan(8, 16)));
  write(*disk, path, 0, ByteSpan(header).first(24));
  EXPECT_THAT(refusal(*disk, Errc::unsupported_format), HasSubstr("journal version 9"));
}

TEST_F(DamagedDirectory, AHeldLockIsNamed) {
  live(State::killed);
  const auto disk = copy();
  const auto store = open(*disk).value();
  SeededRandom random(6);
  EXPECT_EQ(Store::open(*disk, broker_->clock(), random, broker_->options()).error().code, Errc::data_dir_in_use);
}

TEST_F(DamagedDirectory, ADirectoryThatCannotBeWrittenIsNamed) {
  for (const State state : {State::stopped, State::killed, State::powered_off}) {
    live(state);
    const auto disk = copy();
    disk->fail_operation(0, Errc::io_error, true);
    EXPECT_THAT(refusal(*disk, Errc::io_error), HasSubstr(data_dir().native()));
  }
}

}  // namespace
}  // namespace leat::simulation
