#include "storage/journal/journal_reader.hpp"

#include <gmock/gmock.h>

#include <algorithm>

#include "journal_fixture.hpp"
#include "protocol/base/crc32c.hpp"
#include "protocol/base/endian.hpp"

namespace leat::storage {
namespace {

using testing::HasSubstr;

template <class Disk>
class JournalReaderTest : public JournalFixture<Disk> {
 protected:
  /// Fills file 1 (groups 1 to 4), file 2 (5 to 8) and begins file 3 (9).
  void write_three_files() {
    this->open();
    this->write_adding_files(9);
  }
  void damage_group(std::uint64_t file_number, std::uint64_t n) {
    flip_byte(this->fs(), this->file(file_number), this->group_at(n) + kGroupHeaderBytes + kEntryHeaderBytes + 70);
  }
};
TYPED_TEST_SUITE(JournalReaderTest, Disks, DiskNames);

TYPED_TEST(JournalReaderTest, AnEmptyJournalHasNoGroups) {
  EXPECT_EQ(this->read_back().value(), Sequences{});
  this->open();
  EXPECT_EQ(this->read_back().value(), Sequences{});
}

TYPED_TEST(JournalReaderTest, GroupsComeBackInSequenceFromAllFiles) {
  this->write_three_files();
  EXPECT_EQ(this->read_back().value(), (Sequences{1, 2, 3, 4, 5, 6, 7, 8, 9}));
}

TYPED_TEST(JournalReaderTest, EntriesComeBackAsTheyWereStaged) {
  this->open();
  this->stage({.records = 2});
  this->stage({.value_bytes = 33});
  this->write_staged().value();
  auto reader = JournalReader::open(this->fs(), this->directory(), this->recorded(), 1, 1).value();
  const auto group = reader.next().value();
  ASSERT_EQ(group->entries.size(), 2U);
  EXPECT_EQ(group->entries[0].header.log, this->kLog);
  EXPECT_EQ(group->entries[0].header.base_offset, Offset(0));
  EXPECT_EQ(header_of(group->entries[0].batch).record_count, 2);
  EXPECT_EQ(group->entries[1].header.base_offset, Offset(2));
  EXPECT_EQ(header_of(group->entries[1].batch).base_offset, Offset(2));
  EXPECT_FALSE(reader.next().value());
}

TYPED_TEST(JournalReaderTest, FilesThatHoldOnlyOlderGroupsArePassedOver) {
  this->write_three_files();
  EXPECT_EQ(this->read_back(1, 5).value(), (Sequences{5, 6, 7, 8, 9}));
  EXPECT_EQ(this->read_back(1, 6).value(), (Sequences{5, 6, 7, 8, 9}));
  EXPECT_EQ(this->read_back(1, 10).value(), Sequences{9});
}

TYPED_TEST(JournalReaderTest, StaleGroupsOfARecycledFileAreIgnored) {
  this->open_two_files();
  this->write(7);
  this->journal().recycle(4);
  this->write(1);  // over group 1, in front of 2, 3 and 4
  EXPECT_EQ(this->read_back(1, 5).value(), (Sequences{5, 6, 7, 8, 9}));
}

TYPED_TEST(JournalReaderTest, GroupsOfAnotherEpochAreIgnored) {
  this->open(1);
  this->write(4);
  this->open(2);
  this->write(1);
  EXPECT_EQ(this->read_back(2).value(), Sequences{1});
  EXPECT_EQ(this->read_back(3).value(), Sequences{});
}

TYPED_TEST(JournalReaderTest, AMissingFirstGroupIsCorruption) {
  this->write_three_files();
  Bytes emptied(this->kOptions.file_bytes);
  encode_journal_file_header(1, emptied.data());
  set_contents(this->fs(), this->file(1), emptied);
  EXPECT_EQ(error_of(this->read_back()), Errc::corruption);
  EXPECT_THAT(message_of(this->read_back()), HasSubstr("journal group 1 is missing, the oldest is 5"));
}

TYPED_TEST(JournalReaderTest, AnyMissingFileIsCorruptionThatNamesIt) {
  this->write_three_files();
  for (const std::uint64_t number : {1U, 2U, 3U}) {
    const Bytes contents = contents_of(this->fs(), this->file(number));
    this->fs().remove_file(this->file(number)).value();
    EXPECT_EQ(error_of(this->read_back()), Errc::corruption);
    EXPECT_THAT(message_of(this->read_back()), HasSubstr(this->file(number).string() + " is missing"));
    set_contents(this->fs(), this->file(number), contents);
  }
}

TYPED_TEST(JournalReaderTest, AFileUnderTheNameOfAnotherIsCorruption) {
  this->write_three_files();
  set_contents(this->fs(), this->file(3), contents_of(this->fs(), this->file(2)));
  EXPECT_THAT(message_of(this->read_back()), HasSubstr("journal-00000003 says in its header that it is journal-00000002"));
}

TYPED_TEST(JournalReaderTest, AFileThatNoCheckpointNamesIsLeftAlone) {
  this->write_three_files();
  set_contents(this->fs(), this->file(4), as_bytes("not zeroed to its end"));
  EXPECT_EQ(this->read_back(1, 9).value(), Sequences{9});
}

TYPED_TEST(JournalReaderTest, ADamagedMiddleGroupIsCorruptionThatNamesTheFile) {
  this->write_three_files();
  this->damage_group(2, 1);
  EXPECT_EQ(error_of(this->read_back()), Errc::corruption);
  EXPECT_THAT(message_of(this->read_back()), HasSubstr("journal-00000002: journal group 6 is damaged"));
}

TYPED_TEST(JournalReaderTest, ADamagedLastGroupIsATornOne) {
  this->write_three_files();
  this->damage_group(3, 0);
  EXPECT_EQ(this->read_back().value(), (Sequences{1, 2, 3, 4, 5, 6, 7, 8}));
}

TYPED_TEST(JournalReaderTest, ADamagedLastGroupOfAFullFileIsCorruption) {
  this->write_three_files();
  this->damage_group(1, 3);
  EXPECT_EQ(error_of(this->read_back()), Errc::corruption);
}

TYPED_TEST(JournalReaderTest, ADamagedFirstGroupIsCorruptionWhenOthersFollowInItsFile) {
  this->open();
  this->write(3);
  flip_byte(this->fs(), this->file(1), this->group_at(0));
  EXPECT_EQ(error_of(this->read_back()), Errc::corruption);
  EXPECT_THAT(message_of(this->read_back()), HasSubstr("journal-00000001: journal group 1 is damaged"));
}

TYPED_TEST(JournalReaderTest, ADamagedFirstGroupOfTheLastFileIsCorruptionWhenOthersFollow) {
  this->write_three_files();
  this->write(1);
  flip_byte(this->fs(), this->file(3), this->group_at(0));
  EXPECT_THAT(message_of(this->read_back()), HasSubstr("journal-00000003: journal group 9 is damaged"));
}

TYPED_TEST(JournalReaderTest, ATornFirstGroupOfARecycledFileIsTheEnd) {
  this->open_two_files();
  this->write(7);
  this->journal().recycle(4);
  this->write(1);
  flip_byte(this->fs(), this->file(1), this->group_at(0));  // stale groups 2, 3 and 4 follow
  EXPECT_EQ(this->read_back(1, 5).value(), (Sequences{5, 6, 7, 8}));
}

TYPED_TEST(JournalReaderTest, AFileThatIsNoJournalFileIsCorruption) {
  this->open();
  overwrite(this->fs(), this->file(1), 0, as_bytes("something else"));
  EXPECT_EQ(error_of(this->read_back()), Errc::corruption);
  EXPECT_THAT(message_of(this->read_back()), HasSubstr("journal-00000001: not a journal file header"));
}

TYPED_TEST(JournalReaderTest, AFileOfAnotherVersionIsRefused) {
  this->open();
  Bytes header(kJournalFileHeaderBytes);
  encode_journal_file_header(1, header.data());
  store_le(header.data() + 8, kJournalVersion + 1);
  store_le(header.data() + 4, crc32c(ByteSpan(header).subspan(8, 16)));
  overwrite(this->fs(), this->file(1), 0, header);
  EXPECT_EQ(error_of(this->read_back()), Errc::unsupported_format);
}

/// Groups 1, 2 and 3 of a page each, the bytes of the second to be replaced.
class DamagedGroup : public JournalFixture<FakeDisk> {
 protected:
  void SetUp() override {
    open();
    write(3);
    intact_ = contents_of(fs(), file(1));
    const GroupHeader header = decode_group_header(ByteSpan(intact_).subspan(group_at(1))).value();
    group_bytes_ = header.group_bytes;
    batch_bytes_ = decode_entry_header(intact_.data() + group_at(1) + kGroupHeaderBytes).batch_bytes;
  }
  /// What is read when everything from this byte of a group on is `filler`.
  Sequences read_torn(std::uint64_t n, std::size_t from, std::byte filler) {
    Bytes torn = intact_;
    std::fill_n(torn.begin() + static_cast<std::ptrdiff_t>(group_at(n) + from), group_bytes_ - from, filler);
    unchanged_ = torn == intact_;
    set_contents(fs(), file(1), torn);
    return read_back().value();
  }
  /// The fields that no checksum covers: the batch's leader epoch and the padding.
  [[nodiscard]] bool is_covered(std::size_t at) const {
    constexpr std::size_t kBatchAt = kGroupHeaderBytes + kEntryHeaderBytes;
    const bool leader_epoch = at >= kBatchAt + 12 && at < kBatchAt + 16;
    return !leader_epoch && at < kBatchAt + batch_bytes_;
  }

  Bytes intact_;
  std::size_t group_bytes_ = 0;
  std::size_t batch_bytes_ = 0;
  bool unchanged_ = false;
};

TEST_F(DamagedGroup, TornAtAnyByteIsTheEndOfTheJournal) {
  for (const std::byte filler : {std::byte{0}, std::byte{0xff}}) {
    for (std::size_t from = 0; is_covered(from) || from < 100; ++from) {
      const Sequences read = read_torn(2, from, filler);
      EXPECT_EQ(read, unchanged_ ? (Sequences{1, 2, 3}) : (Sequences{1, 2})) << from;
    }
  }
}

TEST_F(DamagedGroup, AnyDamagedByteInTheMiddleIsCorruption) {
  for (std::size_t at = 0; at < group_bytes_; ++at) {
    set_contents(fs(), file(1), intact_);
    flip_byte(fs(), file(1), group_at(1) + at);
    EXPECT_EQ(error_of(read_back()), is_covered(at) ? std::optional(Errc::corruption) : std::nullopt) << at;
  }
}

TEST_F(DamagedGroup, AFileCutAtAnyByteIsCorruptionThatNamesIt) {
  for (std::size_t bytes = 0; bytes < group_bytes_; ++bytes) {
    set_contents(fs(), file(1), ByteSpan(intact_).first(group_at(2) + bytes));
    EXPECT_EQ(error_of(read_back()), Errc::corruption);
    EXPECT_THAT(message_of(read_back()), HasSubstr(file(1).string() + " has ")) << bytes;
  }
}

}  // namespace
}  // namespace leat::storage
