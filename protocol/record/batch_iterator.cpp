#include "protocol/record/batch_iterator.hpp"

#include <string>

#include "protocol/base/endian.hpp"

namespace leat::record {
namespace {

/// True when what there is of a cut header cannot begin a batch.
bool cannot_begin_a_batch(ByteSpan head) {
  constexpr auto kLengthMin = static_cast<std::int32_t>(kBatchHeaderBytes - kBatchLengthPrefixBytes);
  if (head.size() >= kBatchLengthPrefixBytes && load_be<std::int32_t>(head.data() + field::kBatchLength) < kLengthMin)
    return true;
  return head.size() > field::kMagic && load_be<std::int8_t>(head.data() + field::kMagic) != kMagic;
}

}  // namespace

Result<std::optional<ByteSpan>> BatchIterator::next() {
  const ByteSpan rest = batches_.subspan(position_);
  if (rest.empty()) return std::optional<ByteSpan>{};
  if (rest.size() < kBatchHeaderBytes) {
    if (cannot_begin_a_batch(rest)) {
      return Error(Errc::invalid_batch, "no batch at byte " + std::to_string(position_));
    }
    return Error(Errc::torn_tail, "a batch header ends after " + std::to_string(rest.size()) + " bytes");
  }
  LEAT_ASSIGN(const BatchHeader header, parse_batch_header(rest));
  if (header.batch_bytes > rest.size()) {
    return Error(Errc::torn_tail,
                 "a batch of " + std::to_string(header.batch_bytes) + " bytes ends after " + std::to_string(rest.size()));
  }
  position_ += header.batch_bytes;
  return std::optional<ByteSpan>(rest.first(header.batch_bytes));
}

}  // namespace leat::record
