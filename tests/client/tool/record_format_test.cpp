#include "client/tool/record_format.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <string>
#include <vector>

#include "protocol/record/batch_builder.hpp"
#include "protocol/record/batch_reader.hpp"

namespace leat::tool {
namespace {

using record::HeaderView;

constexpr TimestampMs kNewYear2026 = 1'767'225'600'000;

/// A record as it comes out of a batch. Offset 0 of partition 3 of "orders".
class ARecord {
 public:
  ARecord(std::optional<std::string_view> key, std::optional<std::string_view> value, std::vector<HeaderView> headers = {}) {
    record::BatchBuilder builder({});
    EXPECT_TRUE(builder.append(kNewYear2026, bytes(key), bytes(value), headers));
    batch_ = builder.finish({}).value();
    reader_.emplace(record::BatchReader::open(batch_, {}).value());
    record_ = *reader_->next().value();
    record_.offset = Offset(17);
  }

  [[nodiscard]] PlacedRecord placed() const { return {"orders", PartitionId(3), record_}; }
  [[nodiscard]] std::string as(std::string_view format) const {
    std::string out;
    RecordTemplate::parse(format).value().append(out, placed());
    return out;
  }
  [[nodiscard]] std::string line(bool with_topic = false) const {
    std::string out;
    append_record_line(out, placed(), with_topic);
    return out;
  }
  [[nodiscard]] std::string json() const {
    std::string out;
    append_record_json(out, placed());
    return out;
  }

 private:
  static std::optional<ByteSpan> bytes(std::optional<std::string_view> text) {
    return text ? std::optional(as_bytes(*text)) : std::nullopt;
  }

  std::vector<std::byte> batch_;
  std::optional<record::BatchReader> reader_;
  record::RecordView record_;
};

std::vector<HeaderView> some_headers() {
  return {{"source", as_bytes("web")}, {"empty", as_bytes("")}, {"null", std::nullopt}, {"source", as_bytes("again")}};
}

TEST(RecordTemplate, FillsInEveryField) {
  const ARecord record("k1", "value", some_headers());
  EXPECT_EQ(record.as("%t %p %o %T"), "orders 3 17 1767225600000");
  EXPECT_EQ(record.as("%k=%v=%s"), "k1=value=value");
  EXPECT_EQ(record.as("%K %S"), "2 5");
  EXPECT_EQ(record.as("%h"), "source=web,empty=,null=,source=again");
  EXPECT_EQ(record.as("%%%p%%"), "%3%");
}

TEST(RecordTemplate, AddsNothing) {
  const ARecord record("k", "v");
  EXPECT_EQ(record.as(""), "");
  EXPECT_EQ(record.as("%v%v"), "vv");
  EXPECT_EQ(record.as("%k %v\\n"), "k v\n");
  EXPECT_EQ(record.as("\\t\\r\\\\\\x41\\0"), std::string("\t\r\\A\0", 5));
}

TEST(RecordTemplate, NullIsEmptyWithSizeMinusOne) {
  const ARecord record(std::nullopt, std::nullopt);
  EXPECT_EQ(record.as("[%k][%v][%h]"), "[][][]");
  EXPECT_EQ(record.as("%K %S"), "-1 -1");
}

TEST(RecordTemplate, PassesBytesThroughUnchanged) {
  const std::string_view bytes("\0\xff\n%v\\n", 7);
  const ARecord record(bytes, bytes);
  EXPECT_EQ(record.as("%v"), bytes);
  EXPECT_EQ(record.as("%k"), bytes);
}

TEST(RecordTemplate, RefusesWhatItDoesNotUnderstand) {
  for (const char* format : {"%", "x%", "%x", "% ", "%n", "%V", "\\", "\\q", "\\x4", "%v\\"}) {
    const auto parsed = RecordTemplate::parse(format);
    ASSERT_TRUE(parsed.has_error()) << format;
    EXPECT_EQ(parsed.error().code, Errc::invalid_argument);
  }
}

TEST(RecordLine, IsTabSeparated) {
  EXPECT_EQ(ARecord("k", "v").line(), "3\t17\t2026-01-01T00:00:00.000Z\tk\tv\n");
  EXPECT_EQ(ARecord(std::nullopt, "v").line(true), "orders\t3\t17\t2026-01-01T00:00:00.000Z\t-\tv\n");
}

TEST(RecordLine, StaysOneLineAndOffTheTerminalsControls) {
  EXPECT_EQ(ARecord("a\tb", "one\ntwo\r\x1b[31m\x7f é").line(),
            "3\t17\t2026-01-01T00:00:00.000Z\ta\\tb\tone\\ntwo\\r\\x1b[31m\\x7f é\n");
}

TEST(RecordLine, EscapesControlsAtEveryPlaceOfAWord) {
  for (std::size_t at = 0; at < 24; ++at) {
    for (const auto& [control, escaped] : {std::pair{'\x1f', "\\x1f"}, {'\0', "\\x00"}, {'\x7f', "\\x7f"}, {'\n', "\\n"}}) {
      std::string text(24, '\xe9');
      text[at] = control;
      const std::string expected = text.substr(0, at) + escaped + text.substr(at + 1);
      EXPECT_THAT(ARecord("k", text).line(), testing::EndsWith("\tk\t" + expected + "\n"));
    }
  }
}

TEST(RecordJson, IsOneObjectALine) {
  EXPECT_EQ(ARecord("k", R"({"id":1})", some_headers()).json(),
            R"({"topic":"orders","partition":3,"offset":17,"timestamp":1767225600000,"key":"k","value":"{\"id\":1}",)"
            R"("headers":[{"name":"source","value":"web"},{"name":"empty","value":""},{"name":"null","value":null},)"
            R"({"name":"source","value":"again"}]})"
            "\n");
}

TEST(RecordJson, NullIsNull) {
  EXPECT_EQ(ARecord(std::nullopt, std::nullopt).json(),
            R"({"topic":"orders","partition":3,"offset":17,"timestamp":1767225600000,"key":null,"value":null,"headers":[]})"
            "\n");
}

TEST(RecordJson, BytesThatAreNotUtf8AreBase64) {
  const auto object = boost::json::parse(ARecord("\xff", "\xfe", {{"h", as_bytes("\xfd")}}).json()).as_object();
  EXPECT_FALSE(object.contains("key"));
  EXPECT_EQ(object.at("key_base64").as_string(), "/w==");
  EXPECT_EQ(object.at("value_base64").as_string(), "/g==");
  EXPECT_EQ(object.at("headers").at(0).at("value_base64").as_string(), "/Q==");
}

TEST(RecordEvent, IsOneStructuredEventALineWithItsPlace) {
  std::string out;
  append_record_event(out, ARecord("k", R"({"a":1})", {{"content-type", as_bytes("application/json")}}).placed());
  EXPECT_EQ(out.find('\n'), out.size() - 1);
  const auto event = boost::json::parse(out);
  EXPECT_EQ(event.at("specversion").as_string(), "1.0");
  EXPECT_EQ(event.at("leatoffset").as_string(), "17");
  EXPECT_EQ(event.at("leatpartition").as_int64(), 3);
  EXPECT_EQ(event.at("leattime").as_string(), "2026-01-01T00:00:00.000Z");
  EXPECT_EQ(event.at("data").at("a").as_int64(), 1);
}

}  // namespace
}  // namespace leat::tool
