#include "server/support/web_test.hpp"

namespace leat::server {
namespace {

using ::testing::ElementsAre;

/// Five records in two batches, a millisecond apart, in the second partition of two.
class RecordRoutes : public WebTest {
 protected:
  RecordRoutes() {
    start();
    const native::TopicPartition target{create("orders", 2).id, PartitionId(1)};
    RawClient publisher = client();
    EXPECT_TRUE(publisher.publish(target, batch_of({"a", "b", "c"})).has_value());
    EXPECT_TRUE(publisher.publish(target, batch_of({"d", "e"}, {}, 1'700'000'000'003)).has_value());
  }
  HttpAnswer page(const std::string& query, const HttpFields& fields = {}) {
    return ask("GET", "/v1/topics/orders/partitions/1/records" + query, fields);
  }
  std::string values(const std::string& query) {
    std::string all;
    const auto said = json_of(page(query));
    for (const auto& record : said.at("records").as_array()) all += record.at("value").as_string();
    return all;
  }
  int next(const std::string& query) { return json_of(page(query)).at("next").to_number<int>(); }
};

TEST_F(RecordRoutes, APageIsTheRecordsAndWhereItGoesOn) {
  const auto answer = page("?limit=1");
  EXPECT_EQ(answer.body(), R"({"topic":"orders","partition":1,"log_start":0,"high_watermark":5,"next":1,"records":[)"
                           R"({"offset":0,"timestamp":1700000000000,"key":null,"value":"a","headers":[]}]})"
                           "\n");
  EXPECT_EQ(field_of(answer, "content-type"), "application/json");
  EXPECT_EQ(field_of(answer, "cache-control"), "no-store");
  EXPECT_EQ(field_of(answer, "leat-next-offset"), "1");
  EXPECT_EQ(field_of(answer, "leat-log-start"), "0");
  EXPECT_EQ(field_of(answer, "leat-high-watermark"), "5");
}

TEST_F(RecordRoutes, WithoutAQueryItIsEverythingThereIs) {
  EXPECT_EQ(values(""), "abcde");
  EXPECT_EQ(next(""), 5);
}

TEST_F(RecordRoutes, BeginsWhereItIsTold) {
  EXPECT_EQ(values("?from=1"), "bcde");
  EXPECT_EQ(values("?from=earliest"), "abcde");
  EXPECT_EQ(values("?from=latest"), "");
  EXPECT_EQ(values("?from=5"), "");
  EXPECT_EQ(values("?from=@1700000000004"), "e");
  EXPECT_EQ(values("?from=%402099-01-01"), "");
  EXPECT_EQ(next("?from=latest"), 5);
}

TEST_F(RecordRoutes, EndsAtItsLimitWithinABatchOrBehindIt) {
  EXPECT_EQ(values("?limit=2"), "ab");
  EXPECT_EQ(values("?limit=3"), "abc");
  EXPECT_EQ(values("?from=1&limit=3"), "bcd");
  EXPECT_EQ(next("?limit=2"), 2);
  EXPECT_EQ(next("?limit=3"), 3);
  EXPECT_EQ(next("?limit=10000"), 5);
}

TEST_F(RecordRoutes, PagesTogetherAreAllRecordsOnce) {
  std::string all;
  for (int from = 0; from < 5; from = next("?limit=2&from=" + std::to_string(from))) {
    all += values("?limit=2&from=" + std::to_string(from));
  }
  EXPECT_EQ(all, "abcde");
}

TEST_F(RecordRoutes, WhatIsNoQueryIsRefused) {
  for (const char* query :
       {"?limit=0", "?limit=-1", "?limit=10001", "?limit=all", "?limit=1.5", "?limit=", "?limit=99999999999999999999", "?from=-1",
        "?from=yesterday", "?from=", "?from=@", "?form=json", "?from=1&limits=2", "?"}) {
    const auto answer = page(query);
    EXPECT_EQ(answer.result_int(), 400U) << query;
    EXPECT_EQ(code_of(answer), "invalid_argument") << query;
  }
}

TEST_F(RecordRoutes, WhatIsNotThereIsNotFound) {
  EXPECT_EQ(code_of(ask("GET", "/v1/topics/ordrs/partitions/1/records")), "unknown_topic");
  EXPECT_EQ(code_of(ask("GET", "/v1/topics/orders/partitions/2/records")), "unknown_partition");
  EXPECT_EQ(ask("GET", "/v1/topics/orders/partitions/2/records").result_int(), 404U);
  EXPECT_EQ(ask("GET", "/v1/topics/orders/partitions/one/records").result_int(), 400U);
  EXPECT_EQ(ask("GET", "/v1/topics/orders/partitions/-1/records").result_int(), 400U);
}

TEST_F(RecordRoutes, AnOffsetThatIsNotThereIsOutOfRange) {
  const auto answer = page("?from=6");
  EXPECT_EQ(answer.result_int(), 416U);
  EXPECT_EQ(code_of(answer), "offset_out_of_range");
}

TEST_F(RecordRoutes, ThePartitionIsSaidAsANumberHoweverItWasAskedFor) {
  const auto answer = ask("GET", "/v1/topics/orders/partitions/001/records");
  EXPECT_EQ(answer.result_int(), 200U);
  EXPECT_EQ(json_of(answer).at("partition").to_number<int>(), 1);
}

TEST_F(RecordRoutes, TheBatchesThemselvesAreServedToo) {
  const auto answer = page("?from=1", {{"Accept", "application/octet-stream"}});
  EXPECT_EQ(field_of(answer, "content-type"), "application/octet-stream");
  EXPECT_EQ(field_of(answer, "leat-next-offset"), "5");
  EXPECT_THAT(values_of(as_bytes(answer.body())), ElementsAre("a", "b", "c", "d", "e")) << "whole ones";
  EXPECT_EQ(page("?from=5", {{"Accept", "application/octet-stream"}}).body(), "");
}

TEST_F(RecordRoutes, OtherMethodsLearnWhichThereAre) {
  const auto answer = ask("POST", "/v1/topics/orders/partitions/1/records", {}, "x");
  EXPECT_EQ(answer.result_int(), 405U);
  EXPECT_EQ(field_of(answer, "allow"), "GET, HEAD");
}

}  // namespace
}  // namespace leat::server
