#include "storage/log/checkpoint.hpp"

#include <gmock/gmock.h>

#include "protocol/base/crc32c.hpp"
#include "protocol/base/endian.hpp"
#include "samples/disks.hpp"
#include "samples/worked_example.hpp"

namespace leat::storage {
namespace {

using testing::HasSubstr;

/// The document's example: one partition with an idempotent producer, one without.
Checkpoint example() {
  Checkpoint checkpoint;
  checkpoint.epoch = 3;
  checkpoint.first_needed_sequence = 18;
  checkpoint.journal = {64U << 20, {1, 2}};
  RecoveryPoint first{LogId(1), Offset(100), Offset(1043), Offset(1000), 73'216, ProducerId(6), {}};
  first.producers.push_back({ProducerId(7), 0, 1'700'000'000'000, {{40, 41, Offset(1041)}}});
  checkpoint.points = {first, {LogId(5), Offset(0), Offset(0), Offset(0), 0, ProducerId(0), {}}};
  return checkpoint;
}

template <class Disk>
class CheckpointTest : public testing::Test {
 protected:
  FileSystem& fs() { return disk_.fs; }
  Path path() { return disk_.root() / "checkpoint"; }
  void save(const Checkpoint& checkpoint) { save_checkpoint(fs(), path(), checkpoint).value(); }
  Result<Checkpoint> load() { return load_checkpoint(fs(), path()); }
  Bytes saved() { return contents_of(fs(), path()); }
  /// Stores changed bytes with a right checksum.
  void store(Bytes bytes) {
    store_le(bytes.data() + bytes.size() - 4, crc32c(ByteSpan(bytes).first(bytes.size() - 4)));
    set_contents(fs(), path(), bytes);
  }

  Disk disk_;
};
TYPED_TEST_SUITE(CheckpointTest, Disks, DiskNames);

TYPED_TEST(CheckpointTest, HasTheDocumentedBytes) {
  this->save(example());
  EXPECT_EQ(hex(this->saved()), hex(worked_example("checkpoint")));
}

TYPED_TEST(CheckpointTest, ComesBackAsItWas) {
  const Checkpoint before = example();
  this->save(before);
  const Checkpoint after = this->load().value();
  EXPECT_EQ(after.epoch, before.epoch);
  EXPECT_EQ(after.first_needed_sequence, before.first_needed_sequence);
  EXPECT_FALSE(after.clean);
  EXPECT_EQ(after.journal, before.journal);
  EXPECT_EQ(after.points, before.points);
}

TYPED_TEST(CheckpointTest, RemembersACleanEnd) {
  Checkpoint checkpoint = example();
  checkpoint.clean = true;
  this->save(checkpoint);
  EXPECT_TRUE(this->load().value().clean);
}

TYPED_TEST(CheckpointTest, EveryDamagedByteIsNoticed) {
  this->save(example());
  const Bytes bytes = this->saved();
  for (std::uint64_t at = 0; at < bytes.size(); ++at) {
    set_contents(this->fs(), this->path(), bytes);
    flip_byte(this->fs(), this->path(), at);
    const bool in_version = at >= 8 && at < 12;
    EXPECT_EQ(error_of(this->load()), in_version ? Errc::unsupported_format : Errc::corruption) << at;
  }
}

TYPED_TEST(CheckpointTest, EveryCutIsNoticed) {
  this->save(example());
  const Bytes bytes = this->saved();
  for (std::size_t length = 0; length < bytes.size(); ++length) {
    set_contents(this->fs(), this->path(), ByteSpan(bytes).first(length));
    EXPECT_EQ(error_of(this->load()), Errc::corruption) << length;
  }
}

TYPED_TEST(CheckpointTest, DamageNamesTheFile) {
  set_contents(this->fs(), this->path(), as_bytes("no checkpoint at all"));
  EXPECT_THAT(message_of(this->load()), HasSubstr(this->path().string() + ": not a checkpoint"));
}

TYPED_TEST(CheckpointTest, AnotherVersionIsNamed) {
  this->save(example());
  Bytes bytes = this->saved();
  store_le(bytes.data() + 8, std::uint32_t{1});
  this->store(bytes);
  EXPECT_EQ(error_of(this->load()), Errc::unsupported_format);
  EXPECT_THAT(message_of(this->load()), HasSubstr("version 1"));
}

TYPED_TEST(CheckpointTest, CountsAreBelievedOnlyAsFarAsThereAreBytes) {
  this->save(example());
  const Bytes bytes = this->saved();
  for (const std::size_t count_at : {40U, 44U, 112U, 134U}) {  // of journal files, of partitions, of producers, of batches
    Bytes changed = bytes;
    store_le(changed.data() + count_at, std::uint32_t{0xffffffff});
    this->store(changed);
    EXPECT_EQ(error_of(this->load()), Errc::corruption) << count_at;
  }
}

TYPED_TEST(CheckpointTest, BytesBehindTheLastPartitionAreDamage) {
  this->save(example());
  Bytes bytes = this->saved();
  bytes.resize(bytes.size() + 4);
  this->store(bytes);
  EXPECT_THAT(message_of(this->load()), HasSubstr("length"));
}

TYPED_TEST(CheckpointTest, AProducerWithMoreBatchesThanAreRememberedIsDamage) {
  Checkpoint checkpoint = example();
  auto& batches = checkpoint.points[0].producers[0].batches;
  while (batches.size() < ProducerState::kBatchesMax) batches.push_back({});
  this->save(checkpoint);
  ASSERT_TRUE(this->load());
  Bytes bytes = this->saved();
  store_le(bytes.data() + 134, static_cast<std::uint32_t>(batches.size() + 1));
  this->store(bytes);
  EXPECT_EQ(error_of(this->load()), Errc::corruption);
}

TYPED_TEST(CheckpointTest, AProducerWithoutBatchesIsDamage) {
  Checkpoint checkpoint = example();
  checkpoint.points[0].producers[0].batches.clear();
  this->save(checkpoint);
  EXPECT_EQ(error_of(this->load()), Errc::corruption);
}

TEST(CheckpointFaults, ACrashLeavesTheOldOneOrTheNew) {
  FakeDisk disk;
  const Path path = disk.root() / "checkpoint";
  Checkpoint next = example();
  next.epoch = 4;
  save_checkpoint(disk.fs, path, example()).value();
  disk.fs.sync_directory("/").value();
  int crashes = 0;
  disk.fs.on_operation([&](std::uint64_t index, std::string_view name) {
    const auto after = disk.fs.crash(simulation::CrashChoice::random(index));
    const auto loaded = load_checkpoint(*after, path);
    ASSERT_TRUE(loaded) << name << ": " << message_of(loaded);
    EXPECT_TRUE(loaded->epoch == 3 || loaded->epoch == 4);
    ++crashes;
  });
  save_checkpoint(disk.fs, path, next).value();
  EXPECT_GT(crashes, 3);
  disk.fs.on_operation(nullptr);
  const auto after = disk.fs.crash(simulation::CrashChoice::lose_everything_unsynced());
  EXPECT_EQ(load_checkpoint(*after, path).value().epoch, 4U);
}

}  // namespace
}  // namespace leat::storage
