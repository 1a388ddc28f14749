#include "client/src/subscribe_call.hpp"

#include <boost/asio/post.hpp>
#include <utility>

namespace leat::client {

SubscribeCall::SubscribeCall(ConsumerCore& consumer, What what, Completion<void> done)
    : consumer_(consumer.shared_from_this()),
      what_(std::move(what)),
      done_(std::move(done)),
      deadline_(consumer.core().executor()) {}

void SubscribeCall::begin(ConsumerCore& consumer, What what, Completion<void> done) {
  const auto call = std::make_shared<SubscribeCall>(consumer, std::move(what), std::move(done));
  call->done_.on_cancel([weak = std::weak_ptr(call)] {
    const auto self = weak.lock();
    if (!self) return;
    self->consumer_->core().post([self] { self->finish(Error(Errc::cancelled)); });
  });
  if (!consumer.core().post([call] { call->start(); })) call->finish(Core::gone());
}

void SubscribeCall::start() {
  if (over_) return;
  if (consumer_->closed()) return finish(Error(Errc::closed, "the consumer was closed"));
  deadline_.expires_after(consumer_->core().request_timeout());
  deadline_.async_wait([self = shared_from_this()](const boost::system::error_code& problem) {
    if (!problem) self->finish(Error(Errc::timed_out, "subscribing to " + self->what_.topic));
  });
  // What is remembered of the topic may be old, and its new partitions be missing.
  if (what_.partitions.empty()) return ask_anew();
  remembered_ = true;
  consumer_->core().route(what_.topic, [self = shared_from_this()](const Result<TopicRoute>& route) { self->on_route(route); });
}

void SubscribeCall::ask_anew() {
  remembered_ = false;
  for (const FeedPtr& feed : std::exchange(feeds_, {})) consumer_->drop(feed);
  consumer_->core().forget_route(what_.topic);
  consumer_->core().route(what_.topic, [self = shared_from_this()](const Result<TopicRoute>& route) { self->on_route(route); });
}

void SubscribeCall::on_route(const Result<TopicRoute>& route) {
  if (over_) return;
  if (consumer_->closed()) return finish(Error(Errc::closed, "the consumer was closed"));
  if (route.has_error()) return finish(route.error());
  if (auto added = add_feeds(*route); added.has_error()) {
    if (remembered_ && added.error().code == Errc::unknown_partition) return ask_anew();
    return finish(std::move(added));
  }
  waiting_for_ = feeds_.size();
  for (const FeedPtr& feed : std::vector(feeds_)) {
    feed->start = what_.from;
    feed->established = [self = shared_from_this()](const Result<void>& result) { self->on_established(result); };
    if (!over_) consumer_->start(feed);
  }
}

Result<void> SubscribeCall::add_feeds(const TopicRoute& route) {
  if (what_.partitions.empty()) {
    for (std::int32_t i = 0; i < route.partitions; ++i) what_.partitions.emplace_back(i);
  }
  for (const PartitionId partition : what_.partitions) {
    auto feed = std::make_shared<Feed>(consumer_, what_.topic, route.id, partition);
    if (partition.value() < 0 || partition.value() >= route.partitions) return Error(Errc::unknown_partition, feed->name());
    if (!consumer_->buffer().add(feed)) return Error(Errc::invalid_argument, feed->name() + " is followed already");
    feeds_.push_back(std::move(feed));
  }
  return ok();
}

void SubscribeCall::on_established(const Result<void>& result) {
  if (over_) return;
  if (remembered_ && result.has_error() && result.error().code == Errc::unknown_topic) return ask_anew();
  if (result.has_error()) return finish(result);
  if (--waiting_for_ == 0) finish(ok());
}

void SubscribeCall::finish(Result<void> result) {
  if (std::exchange(over_, true)) return;
  deadline_.cancel();
  const auto feeds = std::exchange(feeds_, {});
  if (result.has_value()) {
    consumer_->buffer().activate(feeds);
    consumer_->serve();
  } else {
    for (const FeedPtr& feed : feeds) consumer_->drop(feed);
  }
  done_.post(std::move(result));
}

}  // namespace leat::client
