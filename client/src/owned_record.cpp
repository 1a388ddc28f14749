#include "client/src/owned_record.hpp"

#include "protocol/base/clock.hpp"

namespace leat::client {
namespace {

/// The encoding's own bytes, and the callback with what belongs to it.
constexpr std::size_t kRecordOverheadBytes = 64;

std::size_t size_of(const std::optional<ByteSpan>& bytes) { return bytes ? bytes->size() : 0; }

}  // namespace

std::size_t cost_bytes(const OutgoingRecord& record) {
  std::size_t bytes = kRecordOverheadBytes + size_of(record.key) + size_of(record.value);
  for (const HeaderView& header : record.headers) bytes += header.name.size() + size_of(header.value) + 2;
  return bytes;
}

TimestampMs now_ms() { return SystemClock().wall_ms(); }

std::shared_ptr<const OwnedRecord> OwnedRecord::copy(std::string_view topic, const OutgoingRecord& record) {
  auto owned = std::make_shared<OwnedRecord>();
  owned->topic_ = topic;
  owned->bytes_.reserve(cost_bytes(record));  // more than is needed, so that what is kept stays where it is
  const auto keep = [&](ByteSpan bytes) {
    const std::size_t at = owned->bytes_.size();
    owned->bytes_.insert(owned->bytes_.end(), bytes.begin(), bytes.end());
    return ByteSpan(owned->bytes_).subspan(at, bytes.size());
  };
  const auto keep_optional = [&](const std::optional<ByteSpan>& bytes) {
    return bytes ? std::optional(keep(*bytes)) : std::nullopt;
  };
  for (const HeaderView& header : record.headers) {
    owned->headers_.push_back({as_text(keep(as_bytes(header.name))), keep_optional(header.value)});
  }
  owned->view_ = {keep_optional(record.key), keep_optional(record.value), owned->headers_, record.timestamp.value_or(now_ms()),
                  record.partition};
  return owned;
}

}  // namespace leat::client
