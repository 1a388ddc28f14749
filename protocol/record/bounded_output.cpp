#include "protocol/record/bounded_output.hpp"

#include <algorithm>
#include <string>

#include "protocol/base/assert.hpp"

namespace leat::record {

MutableByteSpan BoundedOutput::room(std::size_t wanted) {
  if (used_ == out_.size()) {
    const std::size_t left = limit_ - written() + 1;
    out_.resize(used_ + std::min(left, std::max({wanted, written(), std::size_t{1}})));
  }
  return MutableByteSpan(out_).subspan(used_);
}

Result<MutableByteSpan> BoundedOutput::exactly(std::size_t length) {
  if (length > limit_ - written()) return too_large();
  if (out_.size() - used_ < length) out_.resize(used_ + length);
  return MutableByteSpan(out_).subspan(used_, length);
}

Result<void> BoundedOutput::wrote(std::size_t length) {
  LEAT_ASSERT(length <= out_.size() - used_);
  if (length > limit_ - written()) return too_large();
  used_ += length;
  return ok();
}

Error BoundedOutput::too_large() const {
  return Error(Errc::batch_too_large, "decompresses to more than " + std::to_string(limit_) + " bytes");
}

}  // namespace leat::record
