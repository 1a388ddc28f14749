#pragma once

#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <memory>
#include <type_traits>
#include <utility>
#include <vector>

#include "server/broker/broker.hpp"

namespace leat::server {

/// For coroutines on a shard: the value of work(), run by post(work) on another thread.
template <class Post, class Work>
boost::asio::awaitable<std::invoke_result_t<Work>> run_elsewhere(Post post, Work work) {
  using Value = std::invoke_result_t<Work>;
  return boost::asio::async_initiate<decltype(boost::asio::use_awaitable), void(Value)>(
      [](auto handler, Post run, Work task) {
        // Pools copy what they run; the handler can only be moved.
        auto shared = std::make_shared<decltype(handler)>(std::move(handler));
        run([shared = std::move(shared), task = std::move(task)]() mutable {
          auto value = std::make_shared<Value>(task());
          const auto executor = boost::asio::get_associated_executor(*shared);
          boost::asio::post(executor, [shared = std::move(shared), value = std::move(value)]() mutable {
            auto resume = std::move(*shared);
            resume(std::move(*value));
          });
        });
      },
      boost::asio::use_awaitable, std::move(post), std::move(work));
}

/// What may wait for the disk.
template <class Work>
auto run_blocking(Broker& broker, Work work) {
  return run_elsewhere([&broker](auto task) { broker.post_blocking(std::move(task)); }, std::move(work));
}

/// What creates, alters or deletes a topic.
template <class Work>
auto run_topic_change(Broker& broker, Work work) {
  return run_elsewhere([&broker](auto task) { broker.post_topic_change(std::move(task)); }, std::move(work));
}

/// For coroutines on a shard: how far subscribers are behind, as every shard says of its own.
boost::asio::awaitable<LagReport> lag_of_all(Broker& broker);

struct PlacedPublish {
  std::shared_ptr<Partition> partition;
  PublishRequest request;  ///< without correlation and sink
};

/// For coroutines on a shard: publishes the batches, counted as in flight until they are answered, and says what became of each,
/// in their order.
boost::asio::awaitable<std::vector<PublishOutcome>> publish_all(Broker& broker, Shard& shard,
                                                                std::vector<PlacedPublish> publishes);

}  // namespace leat::server
