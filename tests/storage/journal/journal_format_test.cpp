#include "storage/journal/journal_format.hpp"

#include <gmock/gmock.h>

#include <algorithm>

#include "journal_fixture.hpp"
#include "protocol/base/crc32c.hpp"
#include "protocol/base/endian.hpp"
#include "samples/worked_example.hpp"

namespace leat::storage {
namespace {

using testing::HasSubstr;

static_assert(kJournalVersion == 1);
static_assert(kJournalFileHeaderBytes == 4096 && kDirectAlignment == 4096);
static_assert(kGroupHeaderBytes == 40 && kEntryHeaderBytes == 24 && kEntryAlignment == 8);
static_assert(kJournalFileMagic == 0x4a54454c && kJournalGroupMagic == 0x4754454c);
static_assert(entry_bytes(0) == 24 && entry_bytes(1) == 32 && entry_bytes(8) == 32 && entry_bytes(9) == 40);

Bytes file_header(std::uint64_t number) {
  Bytes bytes(kJournalFileHeaderBytes, std::byte{0xee});
  encode_journal_file_header(number, bytes.data());
  return bytes;
}

TEST(JournalFileHeader, HasTheDocumentedBytesAndThenZeros) {
  const Bytes header = file_header(7);
  const Bytes documented = worked_example("journal-file-header");
  EXPECT_EQ(hex(ByteSpan(header).first(24)), hex(documented));
  EXPECT_TRUE(std::all_of(header.begin() + 24, header.end(), [](std::byte byte) { return byte == std::byte{0}; }));
}

TEST(JournalFileHeader, GivesItsNumberBack) { EXPECT_EQ(decode_journal_file_header(file_header(1234567)).value(), 1234567U); }

TEST(JournalFileHeader, AnotherVersionIsNamed) {
  Bytes header = file_header(7);
  store_le(header.data() + 8, std::uint32_t{2});
  store_le(header.data() + 4, crc32c(ByteSpan(header).subspan(8, 16)));
  EXPECT_EQ(error_of(decode_journal_file_header(header)), Errc::unsupported_format);
  EXPECT_THAT(message_of(decode_journal_file_header(header)), HasSubstr("journal version 2"));
}

TEST(JournalFileHeader, EveryDamagedByteIsNoticed) {
  for (std::size_t at = 0; at < 24; ++at) {
    Bytes header = file_header(7);
    header[at] ^= std::byte{1};
    EXPECT_EQ(error_of(decode_journal_file_header(header)), Errc::corruption) << at;
  }
}

TEST(JournalFileHeader, EveryCutIsNoticed) {
  const Bytes header = file_header(7);
  for (std::size_t bytes = 0; bytes < 24; ++bytes) {
    EXPECT_EQ(error_of(decode_journal_file_header(ByteSpan(header).first(bytes))), Errc::corruption) << bytes;
  }
}

constexpr GroupHeader kGroup{.epoch = 3, .sequence = 12, .group_bytes = 144, .entry_count = 1, .entries_crc = 0x01020304};

Bytes group_header() {
  Bytes bytes(kGroupHeaderBytes, std::byte{0xee});
  encode_group_header(kGroup, bytes.data());
  return bytes;
}

TEST(JournalGroupHeader, ComesBackAsItWas) {
  const GroupHeader header = decode_group_header(group_header()).value();
  EXPECT_EQ(header.epoch, kGroup.epoch);
  EXPECT_EQ(header.sequence, kGroup.sequence);
  EXPECT_EQ(header.group_bytes, kGroup.group_bytes);
  EXPECT_EQ(header.entry_count, kGroup.entry_count);
  EXPECT_EQ(header.entries_crc, kGroup.entries_crc);
}

TEST(JournalGroupHeader, EveryDamagedBitIsNoticed) {
  for (std::size_t bit = 0; bit < kGroupHeaderBytes * 8; ++bit) {
    Bytes bytes = group_header();
    bytes[bit / 8] ^= std::byte{1} << static_cast<int>(bit % 8);
    EXPECT_EQ(error_of(decode_group_header(bytes)), Errc::torn_tail) << bit;
  }
}

TEST(JournalGroupHeader, EveryCutIsNoticed) {
  const Bytes bytes = group_header();
  for (std::size_t length = 0; length < kGroupHeaderBytes; ++length) {
    EXPECT_EQ(error_of(decode_group_header(ByteSpan(bytes).first(length))), Errc::torn_tail) << length;
  }
}

TEST(JournalEntryHeader, ComesBackAsItWas) {
  Bytes bytes(kEntryHeaderBytes);
  encode_entry_header({LogId(9), Offset(1000), 73, 0xcafe0001}, bytes.data());
  const EntryHeader header = decode_entry_header(bytes.data());
  EXPECT_EQ(header.log, LogId(9));
  EXPECT_EQ(header.base_offset, Offset(1000));
  EXPECT_EQ(header.batch_bytes, 73U);
  EXPECT_EQ(header.batch_crc, 0xcafe0001U);
}

// The document's example: the third group of epoch 2, with one batch for each of two partitions.
class JournalGroupOnDisk : public JournalFixture<FakeDisk> {};

TEST_F(JournalGroupOnDisk, HasTheDocumentedBytesAndThenZeros) {
  CommitQueue queue({});
  Bytes batch = make_batch(Offset(0), {.value_bytes = 5, .timestamp = 1'700'000'000'000});
  CommitGroupPtr group;
  open(2);
  write(2);
  for (int i = 0; i < 3; ++i) {
    queue.stage(nullptr, LogId(1), header_of(batch), batch, Offset(40 + i), true).value();
    if (i == 2) queue.stage(nullptr, LogId(5), header_of(batch), batch, Offset(0), true).value();
    group = queue.take_for_journal();
  }
  journal().write(*group).value();
  const Bytes documented = worked_example("journal-group");
  const Bytes page = contents_of(fs(), file(1));
  const ByteSpan written = ByteSpan(page).subspan(group_at(2), kDirectAlignment);
  EXPECT_EQ(hex(written.first(documented.size())), hex(documented));
  EXPECT_EQ(documented.size(), group->end - group->begin);
  EXPECT_TRUE(std::ranges::all_of(written.subspan(documented.size()), [](std::byte byte) { return byte == std::byte{0}; }));
}

}  // namespace
}  // namespace leat::storage
