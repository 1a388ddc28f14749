// What a consumer does when the answer to a request of it does not come.
#include <algorithm>

#include "leat/consumer.hpp"
#include "tests/client/fake/broker_test.hpp"

namespace leat::testing {
namespace {

using ConsumerRetryTest = BrokerTest;

/// The answer to the first Subscribe does not come, although the broker has the subscription.
TEST_F(ConsumerRetryTest, ASubscriptionWhoseAnswerNeverCameIsEnded) {
  std::vector<std::uint32_t> begun;
  std::vector<std::uint32_t> ended;
  broker.add_topic("t", 1);
  auto impatient = options();
  impatient.request_timeout = kSoon;
  Client other(impatient);
  Consumer consumer(other);
  while (consumer.subscribe("t").has_error()) {  // on a slow machine this, too, takes longer
  }
  broker.on_request([&](const native::Message& message) {
    if (const auto* unsubscribe = std::get_if<native::Unsubscribe>(&message)) ended.push_back(unsubscribe->subscription);
    const auto* subscribe = std::get_if<native::Subscribe>(&message);
    if (subscribe == nullptr) return RequestAction::answer;
    begun.push_back(subscribe->subscription);
    return begun.size() == 1 ? RequestAction::ignore : RequestAction::answer;
  });
  broker.drop_connections();
  broker.wait_until([&] { return begun.size() >= 2 && std::count(ended.begin(), ended.end(), begun.front()) == 1; });
  broker.on_request({});
}

}  // namespace
}  // namespace leat::testing
