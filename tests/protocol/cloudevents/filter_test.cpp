#include "protocol/cloudevents/filter.hpp"

#include <gtest/gtest.h>

#include <boost/json/parse.hpp>

#include "protocol/record/batch_builder.hpp"
#include "protocol/record/batch_reader.hpp"

namespace leat::cloudevents {
namespace {

constexpr RecordPlace kPlace{"orders", PartitionId(0)};

class FilterTest : public testing::Test {
 protected:
  void store(std::optional<std::string_view> key, const std::vector<record::HeaderView>& headers, std::string_view value = "v") {
    record::BatchBuilder builder{{}};
    builder.append(1, key ? std::optional(as_bytes(*key)) : std::nullopt, as_bytes(value), headers);
    batch_ = builder.finish({}).value();
  }
  void store_event() {
    store("42", {{"ce_specversion", as_bytes("1.0")},
                 {"ce_id", as_bytes("1")},
                 {"ce_source", as_bytes("/shop")},
                 {"ce_type", as_bytes("order.created")},
                 {"content-type", as_bytes("application/json")},
                 {"trace", as_bytes("t1")}});
  }

  bool fits(std::string_view filter) {
    auto parsed = Filter::parse(boost::json::parse(filter));
    EXPECT_TRUE(parsed.has_value()) << filter;
    auto reader = record::BatchReader::open(batch_, {}).value();
    return parsed->matches(**reader.next(), kPlace);
  }

  std::vector<std::byte> batch_;
};

TEST_F(FilterTest, ComparesAttributesKeyAndHeaders) {
  store_event();
  EXPECT_TRUE(fits(R"({"exact":{"type":"order.created"}})"));
  EXPECT_FALSE(fits(R"({"exact":{"type":"order"}})"));
  EXPECT_TRUE(fits(R"({"prefix":{"type":"order."}})"));
  EXPECT_FALSE(fits(R"({"prefix":{"type":"created"}})"));
  EXPECT_TRUE(fits(R"({"suffix":{"type":".created"}})"));
  EXPECT_FALSE(fits(R"({"suffix":{"type":"order"}})"));
  EXPECT_TRUE(fits(R"({"exact":{"$key":"42"}})"));
  EXPECT_TRUE(fits(R"({"exact":{"$header.trace":"t1"}})"));
  EXPECT_TRUE(fits(R"({"exact":{"datacontenttype":"application/json"}})"));
  EXPECT_TRUE(fits(R"({"exact":{"type":"order.created","source":"/shop"}})"));
  EXPECT_FALSE(fits(R"({"exact":{"type":"order.created","source":"/other"}})"));
  EXPECT_FALSE(fits(R"({"prefix":{"absent":"x"}})"));
}

TEST_F(FilterTest, CombinesFilters) {
  store_event();
  EXPECT_TRUE(fits(R"({"all":[{"exact":{"id":"1"}},{"exact":{"$key":"42"}}]})"));
  EXPECT_FALSE(fits(R"({"all":[{"exact":{"id":"1"}},{"exact":{"$key":"43"}}]})"));
  EXPECT_TRUE(fits(R"({"any":[{"exact":{"id":"2"}},{"exact":{"$key":"42"}}]})"));
  EXPECT_FALSE(fits(R"({"any":[{"exact":{"id":"2"}}]})"));
  EXPECT_TRUE(fits(R"({"not":{"any":[{"exact":{"id":"2"}}]}})"));
  EXPECT_TRUE(fits(R"({"not":{"exact":{"absent":"x"}}})"));
}

TEST_F(FilterTest, SeesARecordThatIsNoEventAsItIsHandedOut) {
  store(std::nullopt, {});
  EXPECT_TRUE(fits(R"({"exact":{"type":"leat.record"}})"));
  EXPECT_FALSE(fits(R"({"exact":{"$key":"x"}})"));
}

TEST_F(FilterTest, SeesTheAttributesOfStructuredMode) {
  store(std::nullopt, {{"content-type", as_bytes("application/cloudevents+json")}},
        R"({"specversion":"1.0","id":"1","source":"/a","type":"t","count":3})");
  EXPECT_TRUE(fits(R"({"exact":{"count":"3"}})"));
}

TEST(Filter, RefusesWhatIsNone) {
  std::string deep = R"({"exact":{"a":"b"}})";
  for (int i = 0; i < 8; ++i) deep = R"({"not":)" + deep + "}";
  std::string many = R"({"any":[{"exact":{"a":"b"}})";
  for (int i = 0; i < 100; ++i) many += R"(,{"exact":{"a":"b"}})";
  many += "]}";
  for (const std::string& text :
       {std::string("[]"), std::string("{}"), std::string(R"({"exact":{}})"), std::string(R"({"exact":{"a":""}})"),
        std::string(R"({"exact":{"a":1}})"), std::string(R"({"exact":{"A":"b"}})"), std::string(R"({"exact":{"$other":"b"}})"),
        std::string(R"({"exact":{"$header.":"b"}})"), std::string(R"({"sql":"x"})"), std::string(R"({"all":[]})"),
        std::string(R"({"all":{}})"), std::string(R"({"not":[]})"), std::string(R"({"exact":{"a":"b"},"prefix":{"a":"b"}})"),
        deep, many}) {
    const auto filter = Filter::parse(boost::json::parse(text));
    ASSERT_TRUE(filter.has_error()) << text.substr(0, 60);
    EXPECT_EQ(filter.error().code, Errc::invalid_argument);
  }
}

}  // namespace
}  // namespace leat::cloudevents
