#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <map>

#include "server/support/http_client.hpp"
#include "server/support/server_test.hpp"

namespace leat::server {
namespace {

namespace json = boost::json;
using ::testing::HasSubstr;

class JsonSubscribe : public ServerTest {
 protected:
  JsonSubscribe() { config.limits.subscriptions_per_session_max = 10; }

  WebSocketClient client_of_json() { return WebSocketClient(server->http_port(), "/v1/ws", "leat.json.v1"); }
  static std::string subscribe(int id, const std::string& members) {
    return R"({"type":"subscribe","id":)" + std::to_string(id) + "," + members + "}";
  }
};

TEST_F(JsonSubscribe, RequestsThatAreLookedUpTogetherShareTheLimit) {
  start();
  create("orders", 8);
  WebSocketClient socket = client_of_json();
  // A time is looked up elsewhere, and the next request begins meanwhile.
  constexpr int kRequests = 20;
  for (int id = 1; id <= kRequests; ++id) socket.send(subscribe(id, R"("topic":"orders","from":"@-1h")"));
  std::map<std::string, int> answers;
  for (int i = 0; i < kRequests; ++i) {
    const json::value answer = json::parse(socket.receive());
    const auto* code = answer.as_object().if_contains("code");
    ++answers[std::string((code == nullptr ? answer.at("type") : *code).as_string())];
  }
  EXPECT_EQ(answers, (std::map<std::string, int>{{"limit_reached", kRequests - 1}, {"subscribed", 1}}));
}

TEST_F(JsonSubscribe, MorePartitionsThanAllowedAreRefusedAndNamed) {
  start();
  create("orders", 11);
  WebSocketClient socket = client_of_json();
  socket.send(subscribe(1, R"("topic":"orders")"));
  const std::string answer = socket.receive();
  EXPECT_THAT(answer, HasSubstr("limit_reached"));
  EXPECT_THAT(answer, HasSubstr("reads 10 partitions"));
  socket.send(subscribe(2, R"("topic":"orders","partition":3)"));
  EXPECT_THAT(socket.receive(), HasSubstr(R"("type":"subscribed","id":2)"));
}

TEST_F(JsonSubscribe, IsAnsweredBeforeTheFirstRecord) {
  start();
  const auto target = create_partition("orders");
  ASSERT_TRUE(client().publish(target, batch_of({"a"})).has_value());
  WebSocketClient socket = client_of_json();
  socket.send(subscribe(1, R"("topic":"orders","from":"earliest")"));
  EXPECT_EQ(socket.receive(), R"({"type":"subscribed","id":1,"partitions":[{"topic":"orders","partition":0,"from":0}]})");
  EXPECT_THAT(socket.receive(), HasSubstr(R"("type":"deliver","id":1)"));
}

TEST_F(JsonSubscribe, AnIdInUseHasOneAnswerAndKeepsItsSubscription) {
  start();
  const auto target = create_partition("orders");
  WebSocketClient socket = client_of_json();
  socket.send(subscribe(1, R"("topic":"orders")"));
  socket.send(subscribe(1, R"("topic":"orders")"));
  EXPECT_THAT(socket.receive(), HasSubstr("subscribed"));
  EXPECT_THAT(socket.receive(), HasSubstr("invalid_argument"));
  ASSERT_TRUE(client().publish(target, batch_of({"a"})).has_value());
  EXPECT_THAT(socket.receive(), HasSubstr(R"("type":"deliver","id":1)"));
}

TEST_F(JsonSubscribe, ACloudEventsClientReadsNoMoreThanTheLimitEither) {
  start();
  create("orders", 11);
  WebSocketClient socket(server->http_port(), "/v1/ws?topic=orders", "cloudevents.json");
  EXPECT_THROW(socket.receive(), boost::system::system_error);
}

}  // namespace
}  // namespace leat::server
