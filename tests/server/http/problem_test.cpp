#include "server/http/problem.hpp"

#include <gtest/gtest.h>

#include <array>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include "server/session/wire_error.hpp"

namespace leat::server {
namespace {

namespace json = boost::json;

json::value body_of(const HttpResponse& response) {
  std::string text;
  for (const SharedBytes& piece : response.body) text += as_text(piece.span());
  return json::parse(text);
}

std::string field_of(const HttpResponse& response, std::string_view name) {
  for (const HttpField& field : response.fields) {
    if (field.name == name) return field.value;
  }
  return "none";
}

struct Status {
  Errc code;
  unsigned status;
  Errc said;  ///< to a peer, who is told nothing of the broker's inside
};

constexpr std::array kStatuses{
    Status{Errc::malformed_frame, 400, Errc::malformed_frame},
    Status{Errc::unsupported_version, 500, Errc::unsupported_version},
    Status{Errc::unsupported_request, 500, Errc::unsupported_request},
    Status{Errc::frame_too_large, 413, Errc::frame_too_large},
    Status{Errc::handshake_required, 500, Errc::handshake_required},
    Status{Errc::unknown_topic, 404, Errc::unknown_topic},
    Status{Errc::unknown_partition, 404, Errc::unknown_partition},
    Status{Errc::topic_exists, 409, Errc::topic_exists},
    Status{Errc::invalid_topic_name, 400, Errc::invalid_topic_name},
    Status{Errc::invalid_argument, 400, Errc::invalid_argument},
    Status{Errc::unknown_subscription, 404, Errc::unknown_subscription},
    Status{Errc::invalid_batch, 400, Errc::invalid_batch},
    Status{Errc::corrupt_batch, 400, Errc::corrupt_batch},
    Status{Errc::batch_too_large, 413, Errc::batch_too_large},
    Status{Errc::offset_out_of_range, 416, Errc::offset_out_of_range},
    Status{Errc::out_of_order_sequence, 409, Errc::out_of_order_sequence},
    Status{Errc::producer_fenced, 409, Errc::producer_fenced},
    Status{Errc::unknown_producer, 409, Errc::unknown_producer},
    Status{Errc::storage_full, 507, Errc::storage_full},
    Status{Errc::storage_failed, 503, Errc::storage_failed},
    Status{Errc::overloaded, 503, Errc::overloaded},
    Status{Errc::shutting_down, 503, Errc::shutting_down},
    Status{Errc::limit_reached, 429, Errc::limit_reached},
    Status{Errc::internal, 500, Errc::internal},
    Status{Errc::io_error, 500, Errc::internal},
    Status{Errc::torn_tail, 500, Errc::internal},
    Status{Errc::corruption, 500, Errc::internal},
    Status{Errc::data_dir_in_use, 500, Errc::internal},
    Status{Errc::unsupported_format, 500, Errc::internal},
    Status{Errc::journal_full, 503, Errc::overloaded},
    Status{Errc::would_block, 503, Errc::overloaded},
    Status{Errc::connection_lost, 500, Errc::internal},
    Status{Errc::timed_out, 500, Errc::internal},
    Status{Errc::cancelled, 500, Errc::internal},
};

TEST(Problem, EveryErrorHasItsStatusAndItsCode) {
  for (const Status& one : kStatuses) {
    const HttpResponse response = problem(Error(one.code, "why"));
    EXPECT_EQ(response.status, one.status) << name_of(one.code);
    const json::value body = body_of(response);
    EXPECT_EQ(body.at("status").to_number<unsigned>(), one.status) << name_of(one.code);
    EXPECT_EQ(body.at("code").as_string(), name_of(one.said));
    EXPECT_EQ(body.at("detail").as_string(), for_peer(Error(one.code, "why")).message());
    EXPECT_EQ(body.at("type").as_string(), "about:blank");
    EXPECT_EQ(field_of(response, "content-type"), "application/problem+json");
  }
}

TEST(Problem, WhereWaitingHelpsThereIsARetryAfter) {
  for (const Status& one : kStatuses) {
    const HttpResponse response = problem(Error(one.code));
    EXPECT_EQ(field_of(response, "retry-after"), is_retriable(one.said) ? "1" : "none") << name_of(one.code);
    EXPECT_EQ(body_of(response).at("retriable").as_bool(), is_retriable(one.said)) << name_of(one.code);
  }
  EXPECT_EQ(field_of(problem(Error(Errc::overloaded)), "retry-after"), "1");
  EXPECT_EQ(field_of(problem(Error(Errc::storage_failed)), "retry-after"), "none");
}

TEST(Problem, TheDetailIsWhatTheErrorSays) {
  EXPECT_EQ(body_of(problem(Error(Errc::unknown_topic, "orders"))).at("detail").as_string(), "unknown topic: orders");
  EXPECT_EQ(body_of(problem(Error(Errc::unknown_topic))).at("detail").as_string(), "unknown topic");
}

TEST(Problem, TheTitleIsTheNameOfTheStatus) {
  EXPECT_EQ(body_of(problem(Error(Errc::unknown_topic))).at("title").as_string(), "Not Found");
  EXPECT_EQ(body_of(problem(Error(Errc::batch_too_large))).at("title").as_string(), "Content Too Large");
  EXPECT_EQ(body_of(problem(Error(Errc::storage_full))).at("title").as_string(), "Insufficient Storage");
  EXPECT_EQ(body_of(problem(421, Errc::invalid_argument, "a")).at("title").as_string(), "Misdirected Request");
}

TEST(Problem, WhatPeersMustNotKnowIsLeftOut) {
  const json::value body = body_of(problem(Error(Errc::io_error, "/var/lib/leat/journal/1: Input/output error")));
  EXPECT_EQ(json::serialize(body).find("/var"), std::string::npos);
}

TEST(Problem, TextThatNoJsonMayHoldIsEscaped) {
  const json::value body = body_of(problem(400, Errc::invalid_argument, "a \"quote\"\n\x01\xff"));
  EXPECT_TRUE(body.at("detail").as_string().starts_with("a \"quote\"\n\x01"));
}

TEST(Problem, MoreMembersStandBesideThem) {
  const json::value body = body_of(problem(Error(Errc::overloaded), R"("records":[{"offset":3}])"));
  EXPECT_EQ(body.at("records").at(0).at("offset").to_number<int>(), 3);
}

}  // namespace
}  // namespace leat::server
