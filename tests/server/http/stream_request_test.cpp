#include "server/http/stream_request.hpp"

#include <gtest/gtest.h>

namespace leat::server {
namespace {

using Query = std::vector<std::pair<std::string, std::string>>;
using Kind = StartPosition::Kind;

Result<StreamRequest> parsed(Query query) {
  HttpRequest request;
  request.query = std::move(query);
  return parse_stream_request(request);
}

TEST(StreamRequest, WithoutAQueryItIsEverythingFromNowOn) {
  const auto request = parsed({});
  ASSERT_TRUE(request.has_value());
  ASSERT_TRUE(request->from.has_value());
  EXPECT_EQ(request->from->kind, Kind::latest);
  EXPECT_FALSE(request->partition.has_value());
  EXPECT_FALSE(request->filter.has_value());
}

TEST(StreamRequest, TakesItsParametersInAnyOrder) {
  const auto request = parsed({{"filter", R"({"exact":{"type":"a"}})"}, {"partition", "3"}, {"from", "42"}});
  ASSERT_TRUE(request.has_value()) << request.error().message();
  EXPECT_EQ(request->from->kind, Kind::offset);
  EXPECT_EQ(request->from->value, 42);
  EXPECT_EQ(request->partition, PartitionId(3));
  EXPECT_TRUE(request->filter.has_value());
}

TEST(StreamRequest, MayBeginNowhere) { EXPECT_FALSE(parsed({{"from", "none"}})->from.has_value()); }

TEST(StreamRequest, LeavesTopicAndFormToTheOthers) { EXPECT_TRUE(parsed({{"topic", "orders"}, {"form", "json"}}).has_value()); }

TEST(StreamRequest, RefusesWhatItDoesNotKnow) {
  for (const Query& query :
       {Query{{"form", "json"}, {"filtre", "{}"}}, Query{{"from", "yesterday"}}, Query{{"from", ""}}, Query{{"from", "-1"}},
        Query{{"partition", "-1"}}, Query{{"partition", "all"}}, Query{{"filter", "{"}}, Query{{"filter", ""}},
        Query{{"filter", R"({"exact":7})"}}, Query{{"filter", R"({"sql":"1=1"})"}}, Query{{"", ""}}}) {
    const auto request = parsed(query);
    ASSERT_TRUE(request.has_error()) << query.back().first << "=" << query.back().second;
    EXPECT_EQ(request.error().code, Errc::invalid_argument) << query.back().first;
  }
}

TEST(Partition, IsANumberFromZeroOn) {
  EXPECT_EQ(parse_partition("0").value(), PartitionId(0));
  EXPECT_EQ(parse_partition("2147483647").value(), PartitionId(2147483647));
  for (const std::string_view text : {"", "-1", "+1", " 1", "1 ", "1.0", "0x1", "one", "2147483648", "99999999999999999999"}) {
    EXPECT_EQ(parse_partition(text).error().code, Errc::invalid_argument) << text;
  }
}

}  // namespace
}  // namespace leat::server
