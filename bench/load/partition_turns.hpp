#pragma once

#include <cstddef>

namespace leat::load {

/// Which of several partitions the next record goes to, where the client does not choose itself: records without a key stay with
/// one for as much as a batch of leat's own client holds, or are spread.
class PartitionTurns {
 public:
  PartitionTurns(std::size_t partitions, bool spread) : partitions_(partitions), stay_bytes_(spread ? 0 : kStayBytes) {}

  std::size_t next(std::size_t value_bytes) {
    const std::size_t chosen = current_;
    if (used_bytes_ += value_bytes; used_bytes_ > stay_bytes_) {
      used_bytes_ = 0;
      if (++current_ == partitions_) current_ = 0;
    }
    return chosen;
  }

 private:
  static constexpr std::size_t kStayBytes = std::size_t{240} << 10;

  const std::size_t partitions_;
  const std::size_t stay_bytes_;
  std::size_t current_ = 0;
  std::size_t used_bytes_ = 0;
};

}  // namespace leat::load
