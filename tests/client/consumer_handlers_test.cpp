#include <functional>
#include <future>

#include "leat/consumer.hpp"
#include "protocol/record/batch_builder.hpp"
#include "tests/client/fake/broker_test.hpp"

namespace leat::testing {
namespace {

/// Handlers of async_next on the client's own thread.
class ConsumerHandlers : public BrokerTest {
 protected:
  ConsumerHandlers() { broker.add_topic("t", 1); }

  Client client{options()};
};

TEST_F(ConsumerHandlers, AHandlerThatAsksForTheNextGetsEverything) {
  constexpr std::size_t kBatches = 20'000;
  record::BatchBuilder builder({});
  builder.append(0, std::nullopt, as_bytes("x"));
  const auto batch = builder.finish({}).value();
  for (std::size_t i = 0; i < kBatches; ++i) broker.append_raw("t", 0, batch, 1);
  Consumer consumer(client, {.credit_bytes_max = 64 << 10});
  ASSERT_TRUE(consumer.subscribe("t"));
  std::promise<void> done;
  std::size_t taken = 0;
  std::function<void()> take_next = [&] {
    consumer.async_next([&](const Result<RecordBatch>& next) {
      taken += next.has_value() ? next->size() : 0;
      if (taken == kBatches || next.has_error()) return done.set_value();
      take_next();
    });
  };
  take_next();
  done.get_future().wait();
  EXPECT_EQ(taken, kBatches);
}

TEST_F(ConsumerHandlers, AHandlerMayEndItsConsumer) {
  auto consumer = std::make_unique<Consumer>(client);
  ASSERT_TRUE(consumer->subscribe("t"));
  std::promise<std::size_t> taken;
  consumer->async_next([&](const Result<RecordBatch>& next) {
    const std::size_t records = next.has_value() ? next->size() : 0;
    consumer.reset();
    taken.set_value(records);
  });
  Producer producer(client);
  ASSERT_TRUE(producer.publish("t", OutgoingRecord::text("x")));
  EXPECT_EQ(taken.get_future().get(), 1U);
}

}  // namespace
}  // namespace leat::testing
