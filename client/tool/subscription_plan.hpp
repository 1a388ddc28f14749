#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/base/ids.hpp"

namespace leat::tool {

/// What of one partition is to be printed.
struct PartitionPlan {
  std::string topic;
  PartitionId partition;
  Offset log_start;           ///< when the command began
  Offset subscribe_at;        ///< begin, brought within what the partition holds
  Offset begin;               ///< the first offset wanted; may not have been published yet
  std::optional<Offset> end;  ///< the first one not wanted any more
  Offset next;                ///< everything before it has been seen

  [[nodiscard]] bool wants(Offset offset) const { return offset >= begin && (!end || offset < *end); }
  [[nodiscard]] bool done() const { return end && (begin >= *end || next >= *end); }
};

/// The partitions of a subscription and which of them are done. One thread.
class SubscriptionPlan {
 public:
  void add(PartitionPlan partition);

  [[nodiscard]] const std::vector<PartitionPlan>& partitions() const { return partitions_; }
  /// The plan of a partition; nullptr when it has none. Cheap for the one asked for last.
  PartitionPlan* find(std::string_view topic, PartitionId partition);
  /// Everything of this partition before `next` has been seen, whether records were there or not.
  void advance(PartitionPlan& partition, Offset next);
  /// True when every partition is done: at once for empty ranges, never while one has no end.
  [[nodiscard]] bool done() const { return open_ == 0; }

 private:
  std::vector<PartitionPlan> partitions_;
  std::size_t found_last_ = 0;
  std::size_t open_ = 0;
};

}  // namespace leat::tool
