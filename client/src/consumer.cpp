#include "leat/consumer.hpp"

#include <algorithm>
#include <utility>

#include "client/src/completion.hpp"
#include "client/src/consumer_core.hpp"
#include "client/src/subscribe_call.hpp"

namespace leat {

using client::ConsumerCore;
using client::SubscribeCall;

Consumer::Consumer(Client& client, const ConsumerOptions& options)
    : core_(std::make_shared<ConsumerCore>(client.core(), options)) {
  core_->open();
}

Consumer::~Consumer() { core_->close(); }

void Consumer::close() { core_->close(); }

void Consumer::unsubscribe(std::string_view topic) { core_->unsubscribe(topic); }

std::optional<Offset> Consumer::position(std::string_view topic, PartitionId partition) const {
  return core_->buffer().position(topic, partition);
}

Result<void> Consumer::subscribe(std::string_view topic, StartPosition from, std::vector<PartitionId> partitions) {
  core_->core().assert_may_block();
  return client::wait_for<void>([&](Handler<void> handler) {
    start_subscribe(*core_, std::string(topic), from, std::move(partitions), std::move(handler));
  });
}

Result<RecordBatch> Consumer::next() {
  core_->core().assert_may_block();
  return core_->buffer().next(std::nullopt);
}

Result<RecordBatch> Consumer::next_for(std::chrono::milliseconds timeout) {
  core_->core().assert_may_block();
  const auto within = std::clamp(timeout, std::chrono::milliseconds(0), client::kTimeMax);
  return core_->buffer().next(std::chrono::steady_clock::now() + within);
}

void Consumer::start_subscribe(ConsumerCore& core, std::string topic, StartPosition from, std::vector<PartitionId> partitions,
                               Handler<void> handler) {
  SubscribeCall::begin(core, {std::move(topic), from, std::move(partitions)}, core.core().completion(std::move(handler)));
}

void Consumer::start_next(ConsumerCore& core, Handler<RecordBatch> handler) {
  core.next(core.core().completion(std::move(handler)));
}

}  // namespace leat
