#pragma once

#include <cstddef>
#include <vector>

#include "protocol/base/bytes.hpp"
#include "protocol/base/result.hpp"

namespace leat::record {

/// The growing end of a vector that a decompressor writes to, up to a limit. It grows with what was written, not with what the
/// input declares. Unless committed, the vector gets its old size back. One thread, for one call.
class BoundedOutput {
 public:
  BoundedOutput(std::vector<std::byte>& out, std::size_t limit)
      : out_(out), start_(out.size()), used_(out.size()), limit_(limit) {}
  BoundedOutput(const BoundedOutput&) = delete;
  BoundedOutput& operator=(const BoundedOutput&) = delete;
  ~BoundedOutput() { out_.resize(committed_ ? used_ : start_); }

  [[nodiscard]] std::size_t written() const { return used_ - start_; }

  /// Room for at least one byte, one past the limit included: only what really goes beyond it is refused, in wrote().
  MutableByteSpan room(std::size_t wanted);
  /// Exactly `length` bytes at once, for codecs that need them so; batch_too_large beyond the limit.
  Result<MutableByteSpan> exactly(std::size_t length);
  Result<void> wrote(std::size_t length);
  void commit() { committed_ = true; }

 private:
  [[nodiscard]] Error too_large() const;

  std::vector<std::byte>& out_;
  std::size_t start_;
  std::size_t used_;
  std::size_t limit_;
  bool committed_ = false;
};

}  // namespace leat::record
