#include <gtest/gtest.h>

#include "protocol/record/batch_validator.hpp"
#include "sample_batches.hpp"

namespace leat::record {
namespace {

// few_records() as written by kafka-python 3.0.12 (DefaultRecordBatchBuilder with producer id 4711, epoch 3, sequence 42), with
// gzip from CPython's zlib, snappy in Xerial's framing, lz4 4.4.5 and zstandard 0.25.0.
struct Golden {
  Codec codec;
  std::string_view hex;
};

constexpr Golden kGolden[] = {
    {Codec::none,
     "0000000000000000000000d50000000002937bef690000000000020000018bcfe568000000018bcfe568fa000000000000126700030000002a000000"
     "034e0000000e6f726465722d310e63726561746564040c736f757263650873686f700a747261636501d80100f4030201c80178787878787878787878"
     "787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878"
     "787878787878787878787878787878787878787878787878787878787878001a0001040e6f726465722d310100"},
    {Codec::gzip,
     "000000000000000000000082000000000250312e890001000000020000018bcfe568000000018bcfe568fa000000000000126700030000002a000000"
     "031f8b08005acf026b02fff3636060e0cb2f4a492dd235e44b2e4a4d2c494d61e129ce2f2d4a4ee528cec82fe02a294a4c4e65bcc1c8f0859989f104"
     "63051d00831403230bcc558c0c003f6287aaa4000000"},
    {Codec::snappy,
     "000000000000000000000091000000000244d93ba70002000000020000018bcfe568000000018bcfe568fa000000000000126700030000002a000000"
     "0382534e415050590000000001000000010000004ca401c84e0000000e6f726465722d310e63726561746564040c736f757263650873686f700a7472"
     "61636501d80100f4030201c8017878fe020086020038001a0001040e6f726465722d310100"},
    {Codec::lz4,
     "0000000000000000000000900000000002bf8653f10003000000020000018bcfe568000000018bcfe568fa000000000000126700030000002a000000"
     "0304224d186840a4000000000000002148000000ff234e0000000e6f726465722d310e63726561746564040c736f757263650873686f700a74726163"
     "6501d80100f4030201c80178010050f000001a0001040e6f726465722d31010000000000"},
    {Codec::zstd,
     "00000000000000000000007e0000000002180e7e000004000000020000018bcfe568000000018bcfe568fa000000000000126700030000002a000000"
     "0328b52ffd20a425020094034e0000000e6f726465722d310e63726561746564040c736f757263650873686f700a747261636501d80100f4030201c8"
     "0178001a0001040100020019436801298002"},
};

constexpr ProducerStamp kStamp{ProducerId(4711), 3, 42};

TEST(KafkaPython, BatchesOfEveryCodecPassValidation) {
  for (const auto& [codec, hex] : kGolden) {
    const BatchHeader header = validate_for_append(from_hex(hex), BatchLimits{1000}).value();
    EXPECT_EQ(header.codec(), codec);
    EXPECT_EQ(header.record_count, 3);
    EXPECT_EQ(header.producer_id, kStamp.producer_id);
    EXPECT_EQ(header.producer_epoch, kStamp.epoch);
    EXPECT_EQ(header.base_sequence, kStamp.base_sequence);
    EXPECT_EQ(header.max_timestamp, 1'700'000'000'250);
  }
}

TEST(KafkaPython, BatchesOfEveryCodecReadAsWritten) {
  for (const auto& [codec, hex] : kGolden) EXPECT_EQ(read_all(from_hex(hex)).value(), few_records()) << name_of(codec);
}

TEST(KafkaPython, TheBuilderWritesTheSameBytes) {
  Bytes ours = build(Codec::none, few_records(), kStamp);
  patch_base_offset(ours, Offset(0), 0);  // kafka-python leaves the leader epoch at 0
  EXPECT_EQ(ours, from_hex(kGolden[0].hex));
}

}  // namespace
}  // namespace leat::record
