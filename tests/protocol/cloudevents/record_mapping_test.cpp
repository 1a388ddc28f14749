#include "protocol/cloudevents/record_mapping.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "protocol/cloudevents/json_format.hpp"
#include "protocol/record/batch_builder.hpp"
#include "protocol/record/batch_reader.hpp"

namespace leat::cloudevents {
namespace {

constexpr RecordPlace kPlace{"orders", PartitionId(3)};

/// A record as it comes out of a batch.
class Stored {
 public:
  explicit Stored(const EventRecord& event) : Stored(event.key(), event.value(), event.headers()) {}
  Stored(std::optional<ByteSpan> key, std::optional<ByteSpan> value, std::span<const record::HeaderView> headers)
      : batch_(build(key, value, headers)), reader_(record::BatchReader::open(batch_, {}).value()), record_(**reader_.next()) {}

  [[nodiscard]] const record::RecordView& record() const { return record_; }

 private:
  static std::vector<std::byte> build(std::optional<ByteSpan> key, std::optional<ByteSpan> value,
                                      std::span<const record::HeaderView> headers) {
    record::BatchBuilder builder{{}};
    EXPECT_TRUE(builder.append(1'767'225'600'123, key, value, headers));
    return builder.finish({}).value();
  }

  std::vector<std::byte> batch_;
  record::BatchReader reader_;
  record::RecordView record_;
};

Event parsed(std::string_view members) {
  std::string text(R"({"specversion":"1.0","id":"1","source":"/a","type":"t")");
  if (!members.empty()) text.append(",").append(members);
  return parse_json(text + "}").value();
}

Event without_place(Event event) {
  std::erase_if(event.attributes, [](const Attribute& attribute) { return attribute.name.starts_with("leat"); });
  return event;
}

void sort_attributes(Event& event) { std::ranges::sort(event.attributes, {}, &Attribute::name); }

TEST(CloudEventRecord, ARecordOfVeryManyHeadersBecomesAnEventOfAFewOfThem) {
  constexpr std::size_t kHeaders = 20'000;
  for (const std::string prefix : {"x", "ce_x"}) {
    std::vector<std::string> names;
    for (std::size_t i = 0; i < kHeaders; ++i) names.push_back(prefix + std::to_string(i));
    std::vector<record::HeaderView> headers;
    for (const std::string& name : names) headers.push_back({name, as_bytes("v")});
    const Event event = event_of(Stored(std::nullopt, as_bytes("value"), headers).record(), kPlace);
    EXPECT_EQ(event.text("type"), "leat.record");
    EXPECT_LE(event.attributes.size(), kAttributesMax);
    EXPECT_TRUE(validate(event).has_value());
  }
}

TEST(CloudEvent, HasAsManyAttributesAsCanBeLookedUpAndNoMore) {
  Event event = parsed("");
  while (event.attributes.size() < kAttributesMax) event.set("x" + std::to_string(event.attributes.size()), true);
  EXPECT_TRUE(validate(event).has_value());
  event.set("onemore", true);
  EXPECT_EQ(validate(event).error().code, Errc::invalid_argument);
}

TEST(CloudEventRecord, LosesNothingOnTheWayThroughARecord) {
  for (const char* members :
       {"", R"("flag":true,"no":false,"n":-2147483648,"t":"42","s":"true","empty":"")", R"("data":{"a":1.10})",
        R"("partitionkey":"k 1")", R"("datacontenttype":"text/plain; charset=utf-8","data":"é")", R"("data_base64":"AP8=")",
        R"("subject":"s","time":"2026-01-01T00:00:00Z")"}) {
    Event event = parsed(members);
    Event again = without_place(event_of(Stored(EventRecord(event)).record(), kPlace));
    sort_attributes(event);
    sort_attributes(again);
    EXPECT_EQ(again, event) << members;
  }
}

TEST(CloudEventRecord, FollowsTheKafkaBinding) {
  const Stored stored{EventRecord(parsed(R"("partitionkey":"k","data":[])"))};
  std::vector<std::string> headers;
  for (const auto& header : stored.record().headers)
    headers.push_back(std::string(header.name) + ": " + std::string(as_text(*header.value)));
  EXPECT_EQ(headers, (std::vector<std::string>{"ce_specversion: 1.0", "ce_id: 1", "ce_source: /a", "ce_type: t",
                                               "ce_partitionkey: k", "content-type: application/json"}));
  EXPECT_EQ(as_text(*stored.record().key), "k");
  EXPECT_EQ(as_text(*stored.record().value), "[]");
  EXPECT_FALSE(Stored(EventRecord(parsed(""))).record().value);
}

TEST(CloudEventRecord, SaysWhereItStandsAndIgnoresWhatOthersSayOfThat) {
  const Event event = event_of(Stored(EventRecord(parsed(R"("leatoffset":"77","leatpartition":9)"))).record(), kPlace);
  EXPECT_EQ(event.text(kOffsetAttribute), "0");
  EXPECT_EQ(*event.find(kPartitionAttribute), AttributeValue(3));
  EXPECT_EQ(event.text(kTimeAttribute), "2026-01-01T00:00:00.123Z");
  EXPECT_TRUE(validate(event).has_value());
}

TEST(CloudEventRecord, TakesStructuredModeApart) {
  const record::HeaderView header{"content-type", as_bytes("application/cloudevents+json; charset=UTF-8")};
  const Event event = event_of(
      Stored({}, as_bytes(R"({"specversion":"1.0","id":"9","source":"/b","type":"u","data":1})"), {&header, 1}).record(), kPlace);
  EXPECT_EQ(event.text("id"), "9");
  EXPECT_EQ(as_text(*event.data), "1");
}

TEST(CloudEventRecord, DescribesARecordThatIsNoEvent) {
  const std::vector<record::HeaderView> headers = {{"trace", as_bytes("abc")},
                                                   {"Not-A-Name", as_bytes("x")},
                                                   {"bad", as_bytes("\xff")},
                                                   {"null", std::nullopt},
                                                   {"content-type", as_bytes("text/plain")},
                                                   {"id", as_bytes("mine")}};
  const Event event = event_of(Stored(as_bytes("k"), as_bytes("v"), headers).record(), kPlace);
  EXPECT_TRUE(validate(event).has_value());
  EXPECT_EQ(event.text("type"), "leat.record");
  EXPECT_EQ(event.text("source"), "/topics/orders/partitions/3");
  EXPECT_EQ(event.text("id"), "0");
  EXPECT_EQ(event.text("partitionkey"), "k");
  EXPECT_EQ(event.text("trace"), "abc");
  EXPECT_EQ(event.find("bad"), nullptr);
  EXPECT_EQ(event.text("datacontenttype"), "text/plain");
  EXPECT_EQ(as_text(*event.data), "v");
}

TEST(CloudEventRecord, DescribesEventsThatWereWrittenCarelessly) {
  const std::vector<record::HeaderView> headers = {{"ce_specversion", as_bytes("1.0")}, {"ce_id", as_bytes("")}};
  EXPECT_EQ(event_of(Stored({}, {}, headers).record(), kPlace).text("type"), "leat.record");
  const record::HeaderView structured{"content-type", as_bytes("application/cloudevents+json")};
  EXPECT_EQ(event_of(Stored({}, as_bytes("{"), {&structured, 1}).record(), kPlace).text("type"), "leat.record");
}

TEST(CloudEventRecord, IsShownWithItsPlaceAndTime) {
  const Event event = event_of(Stored(as_bytes("k"), as_bytes("v"), {}).record(), kPlace);
  EXPECT_EQ(event.text("leatoffset"), "0");
  ASSERT_NE(event.find("leatpartition"), nullptr);
  EXPECT_EQ(*event.find("leatpartition"), AttributeValue(std::int32_t{3}));
  EXPECT_EQ(event.text("leattime"), "2026-01-01T00:00:00.123Z");
}

}  // namespace
}  // namespace leat::cloudevents
