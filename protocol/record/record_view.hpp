#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <optional>
#include <string_view>

#include "protocol/base/bytes.hpp"
#include "protocol/base/ids.hpp"
#include "protocol/record/varint.hpp"

namespace leat::record {

/// One header of a record: a name and a value that may be null. Owns nothing.
struct HeaderView {
  std::string_view name;
  std::optional<ByteSpan> value;
};

/// The headers of one record, decoded while they are walked: a record that declares many costs no memory. Valid as long as the
/// bytes that the record's reader shows.
class HeaderRange {
 public:
  class Iterator {
   public:
    using iterator_concept = std::forward_iterator_tag;
    using iterator_category = std::input_iterator_tag;
    using value_type = HeaderView;
    using difference_type = std::ptrdiff_t;
    using pointer = const HeaderView*;
    using reference = HeaderView;

    Iterator() = default;
    HeaderView operator*() const { return current_; }
    const HeaderView* operator->() const { return &current_; }
    Iterator& operator++();
    Iterator operator++(int);
    /// Only iterators of one range are ever compared.
    friend bool operator==(const Iterator& a, const Iterator& b) { return a.left_ == b.left_; }

   private:
    friend class HeaderRange;
    Iterator(ByteSpan encoded, std::int32_t count);
    void decode();

    RecordCursor cursor_;
    std::int32_t left_ = 0;
    HeaderView current_;
  };

  HeaderRange() = default;
  /// Takes `count` headers off the front of `cursor`, checking each; nullopt when they are not all there.
  static std::optional<HeaderRange> take(RecordCursor& cursor, std::int32_t count);

  [[nodiscard]] Iterator begin() const { return {encoded_, count_}; }
  [[nodiscard]] Iterator end() const { return {}; }
  [[nodiscard]] std::size_t size() const { return static_cast<std::size_t>(count_); }
  [[nodiscard]] bool empty() const { return count_ == 0; }

 private:
  ByteSpan encoded_;
  std::int32_t count_ = 0;
};

/// One record as a reader shows it. Owns nothing: key, value and headers point into the batch, or into the reader when the batch
/// was compressed.
struct RecordView {
  /// Not defaulted: a vector that makes one in place would clear all of it first, with an instruction that takes longer than
  /// reading the record.
  RecordView() {}  // NOLINT(modernize-use-equals-default)

  Offset offset;
  TimestampMs timestamp = 0;
  std::optional<ByteSpan> key;
  std::optional<ByteSpan> value;  ///< null is a tombstone on a compacted topic
  HeaderRange headers;
};

}  // namespace leat::record
