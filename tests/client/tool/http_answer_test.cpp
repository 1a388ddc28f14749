#include "client/tool/http_answer.hpp"

#include <gtest/gtest.h>

namespace leat::tool {
namespace {

TEST(HttpAnswer, SaysWhereTheRecordIs) {
  const auto delivery = parse_publish_answer(200, R"({"records":[{"partition":3,"offset":41,"ack":"written"}]})");
  ASSERT_TRUE(delivery.has_value()) << delivery.error().message();
  EXPECT_EQ(delivery->partition, PartitionId(3));
  EXPECT_EQ(delivery->offset, Offset(41));
  EXPECT_EQ(delivery->level, AckLevel::written);
}

TEST(HttpAnswer, NamesTheErrorOfProblemDetails) {
  const auto refused = parse_publish_answer(413, R"({"status":413,"detail":"2 MB","code":"batch_too_large"})");
  ASSERT_TRUE(refused.has_error());
  EXPECT_EQ(refused.error().code, Errc::batch_too_large);
  EXPECT_EQ(refused.error().context, "2 MB");
}

TEST(HttpAnswer, SaysWhatTheCodeMeansOnce) {
  const auto context_of = [](const std::string& detail) {
    return error_of_answer(404, R"({"status":404,"code":"unknown_topic","detail":")" + detail + "\"}").context;
  };
  EXPECT_EQ(context_of("unknown topic: orders"), "orders");
  EXPECT_EQ(context_of("unknown topic"), "");
  EXPECT_EQ(context_of("orders"), "orders");
}

TEST(HttpAnswer, OfSomethingElseIsToldByItsStatus) {
  EXPECT_EQ(error_of_answer(404, "<html>").code, Errc::unsupported_request);
  EXPECT_EQ(error_of_answer(502, "").code, Errc::internal);
  EXPECT_EQ(error_of_answer(404, R"({"title":"Not here"})").context, "the server answered with HTTP 404: Not here");
  EXPECT_EQ(error_of_answer(404, R"({"code":"no such code"})").code, Errc::unsupported_request);
  EXPECT_EQ(error_of_answer(404, R"({"code":7})").code, Errc::unsupported_request);
}

TEST(HttpAnswer, HasToSayWhereTheRecordIs) {
  for (const char* body :
       {"", "{}", "[]", R"({"records":[]})", R"({"records":[{}]})", R"({"records":[{"partition":"a","offset":1}]})"}) {
    EXPECT_EQ(parse_publish_answer(200, body).error().code, Errc::internal) << body;
  }
}

}  // namespace
}  // namespace leat::tool
