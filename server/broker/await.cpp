#include "server/broker/await.hpp"

namespace leat::server {
namespace {

/// Hands the one outcome to whoever waits for it.
template <class Handler>
class SinglePublish final : public PublishSink {
 public:
  SinglePublish(Broker& broker, Shard& shard, Handler handler) : broker_(broker), shard_(shard), handler_(std::move(handler)) {}

  void on_published(std::span<const PublishOutcome> outcomes) override {
    const PublishOutcome& outcome = outcomes.front();
    broker_.release(outcome.batch_bytes);
    // Posted: a coroutine must not run, and end, inside its partition's report.
    shard_.post([handler = std::make_shared<Handler>(std::move(handler_)), outcome]() mutable { (*handler)(outcome); });
  }
  [[nodiscard]] Shard& shard() const override { return shard_; }

 private:
  Broker& broker_;
  Shard& shard_;
  Handler handler_;
};

}  // namespace

boost::asio::awaitable<PublishOutcome> publish(Broker& broker, Shard& shard, std::shared_ptr<Partition> partition,
                                               PublishRequest request) {
  co_return co_await boost::asio::async_initiate<decltype(boost::asio::use_awaitable), void(PublishOutcome)>(
      [&](auto handler) {
        request.sink = std::make_shared<SinglePublish<decltype(handler)>>(broker, shard, std::move(handler));
        broker.publish(partition, std::move(request));
      },
      boost::asio::use_awaitable);
}

}  // namespace leat::server
