#pragma once

#include <boost/asio/steady_timer.hpp>
#include <memory>
#include <string>
#include <vector>

#include "client/src/consumer_core.hpp"

namespace leat::client {

/// One subscribe() from the user's call to its completion: all of the partitions asked for, or none. Kept alive by what it waits
/// for; on the core's executor but for begin().
class SubscribeCall : public std::enable_shared_from_this<SubscribeCall> {
 public:
  struct What {
    std::string topic;
    StartPosition from;
    std::vector<PartitionId> partitions;
  };
  static void begin(ConsumerCore& consumer, What what, Completion<void> done);

  SubscribeCall(ConsumerCore& consumer, What what, Completion<void> done);

 private:
  void start();
  void ask_anew();
  void on_route(const Result<TopicRoute>& route);
  Result<void> add_feeds(const TopicRoute& route);
  void on_established(const Result<void>& result);
  void finish(Result<void> result);

  const std::shared_ptr<ConsumerCore> consumer_;
  What what_;
  Completion<void> done_;
  asio::steady_timer deadline_;
  std::vector<FeedPtr> feeds_;
  std::size_t waiting_for_ = 0;
  bool remembered_ = false;  ///< what is known of the topic may be old
  bool over_ = false;
};

}  // namespace leat::client
