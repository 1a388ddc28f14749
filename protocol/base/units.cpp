#include "protocol/base/units.hpp"

#include <array>
#include <charconv>
#include <limits>
#include <span>

namespace leat {
namespace {

struct Unit {
  std::string_view name;
  std::int64_t factor;
};

constexpr std::int64_t kKibi = 1024;
constexpr std::int64_t kKilo = 1000;

// Ascending, so that formatting can search from the end for the largest unit that divides exactly.
constexpr std::array kBinarySizes{Unit{"B", 1}, Unit{"KiB", kKibi}, Unit{"MiB", kKibi* kKibi}, Unit{"GiB", kKibi* kKibi* kKibi},
                                  Unit{"TiB", kKibi* kKibi* kKibi* kKibi}};
constexpr std::array kDecimalSizes{Unit{"KB", kKilo}, Unit{"MB", kKilo* kKilo}, Unit{"GB", kKilo* kKilo* kKilo},
                                   Unit{"TB", kKilo* kKilo* kKilo* kKilo}};
constexpr std::array kDurations{Unit{"ms", 1},        Unit{"s", 1000},       Unit{"m", 60'000},
                                Unit{"h", 3'600'000}, Unit{"d", 86'400'000}, Unit{"w", 604'800'000}};

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool same_letters(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (lower(a[i]) != lower(b[i])) return false;
  }
  return true;
}

const Unit* find_unit(std::span<const Unit> units, std::string_view name) {
  for (const Unit& unit : units) {
    if (same_letters(unit.name, name)) return &unit;
  }
  return nullptr;
}

Error refused(std::string_view text, std::string_view what, std::string_view other) {
  std::string context = "'";
  context.append(text).append("' ").append(what).append(" ").append(other);
  return Error(Errc::invalid_argument, std::move(context));
}

/// A number, optional spaces and one of the units; a bare number has factor 1.
Result<std::int64_t> parse_quantity(std::string_view text, std::span<const Unit> units, std::span<const Unit> more_units,
                                    std::string_view expected) {
  std::int64_t number = 0;
  const char* const end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc()) return refused(text, "is not", expected);
  std::string_view name(stopped, static_cast<std::size_t>(end - stopped));
  while (!name.empty() && name.front() == ' ') name.remove_prefix(1);
  if (name.empty() && *(end - 1) != ' ') return number;
  const Unit* unit = find_unit(units, name);
  if (unit == nullptr) unit = find_unit(more_units, name);
  if (unit == nullptr || number < 0) return refused(text, "is not", expected);
  if (number > std::numeric_limits<std::int64_t>::max() / unit->factor) {
    return refused(text, "is larger than", "any limit");
  }
  return number * unit->factor;
}

std::string format_quantity(std::int64_t number, std::span<const Unit> units) {
  for (std::size_t i = units.size(); i-- > 0;) {
    const Unit& unit = units[i];
    if (unit.factor > 1 && number >= unit.factor && number % unit.factor == 0) {
      return std::to_string(number / unit.factor).append(unit.name);
    }
  }
  return std::to_string(number);
}

}  // namespace

Result<std::int64_t> parse_size(std::string_view text) {
  return parse_quantity(text, kBinarySizes, kDecimalSizes, "a size such as 65536, 64KiB, 16MiB or 1GB");
}

Result<std::int64_t> parse_duration_ms(std::string_view text) {
  return parse_quantity(text, kDurations, {}, "a duration such as 500 (milliseconds), 500ms, 10s, 5m, 2h or 7d");
}

std::string format_size(std::int64_t bytes) { return format_quantity(bytes, kBinarySizes); }

std::string format_duration_ms(std::int64_t ms) { return format_quantity(ms, std::span(kDurations).first(5)); }

std::string format_count(std::uint64_t count, std::string_view noun) {
  std::string text = std::to_string(count).append(" ").append(noun);
  return count == 1 ? text : text + "s";
}

}  // namespace leat
