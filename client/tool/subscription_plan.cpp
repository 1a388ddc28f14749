#include "client/tool/subscription_plan.hpp"

namespace leat::tool {

void SubscriptionPlan::add(PartitionPlan partition) {
  partition.next = partition.subscribe_at;
  if (!partition.done()) ++open_;
  partitions_.push_back(std::move(partition));
}

PartitionPlan* SubscriptionPlan::find(std::string_view topic, PartitionId partition) {
  for (std::size_t tried = 0; tried < partitions_.size(); ++tried) {
    auto& plan = partitions_[found_last_];
    if (plan.partition == partition && plan.topic == topic) return &plan;
    found_last_ = (found_last_ + 1) % partitions_.size();
  }
  return nullptr;
}

void SubscriptionPlan::advance(PartitionPlan& partition, Offset next) {
  const bool was_done = partition.done();
  partition.next = next;
  if (!was_done && partition.done()) --open_;
}

}  // namespace leat::tool
