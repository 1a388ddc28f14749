#include "protocol/record/record_view.hpp"

#include "protocol/base/assert.hpp"

namespace leat::record {
namespace {

std::optional<HeaderView> take_header(RecordCursor& cursor) {
  const auto name_bytes = cursor.varint();
  if (!name_bytes || *name_bytes < 0) return std::nullopt;
  const auto name = cursor.take(static_cast<std::size_t>(*name_bytes));
  if (!name) return std::nullopt;
  const auto value_bytes = cursor.varint();
  if (!value_bytes || *value_bytes < -1) return std::nullopt;
  if (*value_bytes == -1) return HeaderView{as_text(*name), std::nullopt};
  const auto value = cursor.take(static_cast<std::size_t>(*value_bytes));
  if (!value) return std::nullopt;
  return HeaderView{as_text(*name), *value};
}

}  // namespace

std::optional<HeaderRange> HeaderRange::take(RecordCursor& cursor, std::int32_t count) {
  if (count < 0) return std::nullopt;
  HeaderRange range;
  const ByteSpan from = cursor.rest();
  for (std::int32_t i = 0; i < count; ++i) {
    if (!take_header(cursor)) return std::nullopt;
  }
  range.encoded_ = from.first(from.size() - cursor.remaining());
  range.count_ = count;
  return range;
}

HeaderRange::Iterator::Iterator(ByteSpan encoded, std::int32_t count) : cursor_(encoded), left_(count) {
  if (left_ > 0) decode();
}

HeaderRange::Iterator& HeaderRange::Iterator::operator++() {
  if (--left_ > 0) decode();
  return *this;
}

HeaderRange::Iterator HeaderRange::Iterator::operator++(int) {
  const Iterator before = *this;
  ++*this;
  return before;
}

void HeaderRange::Iterator::decode() {
  const auto header = take_header(cursor_);
  LEAT_ASSERT(header.has_value());  // HeaderRange::take has walked these bytes
  current_ = *header;
}

}  // namespace leat::record
