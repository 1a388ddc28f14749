#include <gtest/gtest.h>

#include <boost/json/parse.hpp>

#include "protocol/cloudevents/filter.hpp"
#include "protocol/record/batch_builder.hpp"
#include "protocol/record/batch_reader.hpp"

namespace leat::cloudevents {
namespace {

constexpr RecordPlace kPlace{"orders", PartitionId(3)};

const std::vector<record::HeaderView> kEvent = {{"ce_specversion", as_bytes("1.0")},
                                                {"ce_id", as_bytes("1")},
                                                {"ce_source", as_bytes("/shop")},
                                                {"ce_type", as_bytes("order.created")}};

/// Whether the filter takes a record of these headers, the first of its partition, of 2026-01-01.
bool fits(std::string_view filter, const std::vector<record::HeaderView>& headers) {
  record::BatchBuilder builder{{}};
  builder.append(1'767'225'600'000, std::nullopt, as_bytes("v"), headers);
  const auto batch = builder.finish({}).value();
  auto reader = record::BatchReader::open(batch, {}).value();
  return Filter::parse_json(filter).value().matches(**reader.next(), kPlace);
}

TEST(FilterPlace, IsSeenInEventsAndInOtherRecords) {
  for (const auto& headers : {kEvent, std::vector<record::HeaderView>()}) {
    EXPECT_TRUE(fits(R"({"exact":{"leatpartition":"3"}})", headers));
    EXPECT_TRUE(fits(R"({"exact":{"leatoffset":"0"}})", headers));
    EXPECT_TRUE(fits(R"({"prefix":{"leattime":"2026-01-01T"}})", headers));
    EXPECT_FALSE(fits(R"({"exact":{"leatpartition":"4"}})", headers));
  }
}

TEST(FilterPlace, IsNotWhatAHeaderClaims) {
  std::vector<record::HeaderView> headers = kEvent;
  headers.push_back({"ce_leatoffset", as_bytes("99")});
  EXPECT_FALSE(fits(R"({"exact":{"leatoffset":"99"}})", headers));
  EXPECT_TRUE(fits(R"({"exact":{"leatoffset":"0"}})", headers));
}

TEST(FilterText, IsSixtyFourKibibytesAtMost) {
  const auto of_bytes = [](std::size_t bytes) { return R"({"exact":{"type":")" + std::string(bytes, 'a') + "\"}}"; };
  EXPECT_TRUE(Filter::parse_json(of_bytes(65'000)).has_value());
  EXPECT_EQ(Filter::parse_json(of_bytes(66'000)).error().code, Errc::invalid_argument);
  EXPECT_EQ(Filter::parse(boost::json::parse(of_bytes(66'000))).error().code, Errc::invalid_argument);
}

TEST(FilterText, ThatIsNoJsonIsRefused) {
  for (const std::string_view text : {"", "{", "{}x"}) EXPECT_TRUE(Filter::parse_json(text).has_error()) << text;
}

}  // namespace
}  // namespace leat::cloudevents
