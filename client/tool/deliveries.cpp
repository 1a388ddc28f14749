#include "client/tool/deliveries.hpp"

#include <algorithm>

namespace leat::tool {

void Deliveries::add(const Result<Delivery>& delivery) {
  if (delivery.has_error()) {
    if (!first_error_) first_error_ = delivery.error();
    failed_.store(true, std::memory_order_relaxed);
    return;
  }
  if (current_ == nullptr || current_partition_ != delivery->partition) {
    current_ = &partitions_[delivery->partition];
    current_partition_ = delivery->partition;
  }
  current_->first = current_->records == 0 ? delivery->offset : std::min(current_->first, delivery->offset);
  current_->last = current_->records == 0 ? delivery->offset : std::max(current_->last, delivery->offset);
  ++current_->records;
  level_ = level_ ? std::min(*level_, delivery->level) : delivery->level;
  acknowledged_.fetch_add(1, std::memory_order_relaxed);
}

std::string_view name_of(AckLevel level) {
  switch (level) {
    case AckLevel::none:
      return "none";
    case AckLevel::written:
      return "written";
    case AckLevel::durable:
      return "durable";
  }
  return "unknown";
}

}  // namespace leat::tool
