#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>

namespace leat {

/// An integer that only converts to and from its representation when told to, so that one id is never taken for another.
template <class Tag, class Rep>
class StrongId {
 public:
  using rep = Rep;
  constexpr StrongId() = default;
  constexpr explicit StrongId(Rep value) : value_(value) {}
  [[nodiscard]] constexpr Rep value() const { return value_; }
  friend constexpr auto operator<=>(StrongId, StrongId) = default;

 private:
  Rep value_{};
};

using PartitionId = StrongId<struct PartitionTag, std::int32_t>;  ///< a partition's number within its topic
using LogId = StrongId<struct LogTag, std::uint64_t>;             ///< one partition of one topic on this broker, never reused
using ProducerId = StrongId<struct ProducerTag, std::int64_t>;    ///< -1: no idempotence
using FilePosition = StrongId<struct FilePositionTag, std::uint64_t>;

inline constexpr ProducerId kNoProducer{-1};

/// The place of a record in its partition: dense, starting at 0, never reused.
class Offset {
 public:
  constexpr Offset() = default;
  constexpr explicit Offset(std::int64_t value) : value_(value) {}
  [[nodiscard]] constexpr std::int64_t value() const { return value_; }
  friend constexpr auto operator<=>(Offset, Offset) = default;
  friend constexpr Offset operator+(Offset o, std::int64_t n) { return Offset(o.value_ + n); }
  friend constexpr Offset operator-(Offset o, std::int64_t n) { return Offset(o.value_ - n); }
  friend constexpr std::int64_t operator-(Offset a, Offset b) { return a.value_ - b.value_; }
  constexpr Offset& operator+=(std::int64_t n) {
    value_ += n;
    return *this;
  }

 private:
  std::int64_t value_ = 0;
};

/// Milliseconds since the Unix epoch, as record batches carry them.
using TimestampMs = std::int64_t;

}  // namespace leat

template <class Tag, class Rep>
struct std::hash<leat::StrongId<Tag, Rep>> {
  std::size_t operator()(leat::StrongId<Tag, Rep> id) const noexcept { return std::hash<Rep>{}(id.value()); }
};

template <>
struct std::hash<leat::Offset> {
  std::size_t operator()(leat::Offset o) const noexcept { return std::hash<std::int64_t>{}(o.value()); }
};
