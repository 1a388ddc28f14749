#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace leat {

class Random;

/// A random (version 4, RFC 9562) identifier; all zeros means "none".
struct Uuid {
  std::array<std::uint8_t, 16> bytes{};

  static Uuid random(Random& random);
  /// Parses the 36-character form, in either case.
  static std::optional<Uuid> parse(std::string_view text);

  [[nodiscard]] bool is_nil() const { return *this == Uuid{}; }
  /// 36 characters, lower case, with dashes.
  [[nodiscard]] std::string to_string() const;
  friend auto operator<=>(const Uuid&, const Uuid&) = default;
};

/// Identifies a topic for as long as it exists; a topic created again under an old name gets another one.
using TopicId = Uuid;

}  // namespace leat

template <>
struct std::hash<leat::Uuid> {
  std::size_t operator()(const leat::Uuid& id) const noexcept;
};
