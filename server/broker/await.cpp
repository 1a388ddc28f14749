#include "server/broker/await.hpp"

namespace leat::server {
namespace {

/// Collects what becomes of several publishes, and hands it all to whoever waits for it.
template <class Handler>
class GatheredPublish final : public PublishSink {
 public:
  GatheredPublish(Broker& broker, Shard& shard, std::size_t expected, Handler handler)
      : broker_(broker), shard_(shard), missing_(expected), outcomes_(expected), handler_(std::move(handler)) {}

  void on_published(std::span<const PublishOutcome> outcomes) override {
    for (const PublishOutcome& outcome : outcomes) {
      broker_.release(outcome.batch_bytes);
      outcomes_[outcome.correlation] = outcome;
      --missing_;
    }
    if (missing_ > 0) return;
    // Posted: a coroutine must not run, and end, inside its partition's report.
    shard_.post([handler = std::make_shared<Handler>(std::move(handler_)), all = std::move(outcomes_)]() mutable {
      (*handler)(std::move(all));
    });
  }
  [[nodiscard]] Shard& shard() const override { return shard_; }

 private:
  Broker& broker_;
  Shard& shard_;
  std::size_t missing_;
  std::vector<PublishOutcome> outcomes_;
  Handler handler_;
};

}  // namespace

boost::asio::awaitable<LagReport> lag_of_all(Broker& broker) {
  LagReport lag;
  for (const auto& asked : broker.shards()) {
    const auto post = [&asked = *asked](auto task) { asked.post(std::move(task)); };
    const auto work = [&asked = *asked] { return asked.lag(); };
    lag.add(co_await run_elsewhere(post, work));
  }
  co_return lag;
}

boost::asio::awaitable<std::vector<PublishOutcome>> publish_all(Broker& broker, Shard& shard,
                                                                std::vector<PlacedPublish> publishes) {
  if (publishes.empty()) co_return std::vector<PublishOutcome>();
  co_return co_await boost::asio::async_initiate<decltype(boost::asio::use_awaitable), void(std::vector<PublishOutcome>)>(
      [&](auto handler) {
        const auto sink =
            std::make_shared<GatheredPublish<decltype(handler)>>(broker, shard, publishes.size(), std::move(handler));
        for (std::size_t i = 0; i < publishes.size(); ++i) {
          PublishRequest& request = publishes[i].request;
          request.correlation = i;
          request.sink = sink;
          broker.admit(request.batch.size());
          broker.publish(publishes[i].partition, std::move(request));
        }
      },
      boost::asio::use_awaitable);
}

}  // namespace leat::server
