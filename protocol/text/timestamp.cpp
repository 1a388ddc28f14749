#include "protocol/text/timestamp.hpp"

#include <charconv>
#include <cstdint>
#include <limits>

namespace leat {
namespace {

constexpr std::int64_t kMsPerMinute = 60'000;
constexpr std::int64_t kMsPerDay = 24 * 60 * kMsPerMinute;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// Takes pieces off the front of a text; a piece that is not there leaves the text as it was.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}

  [[nodiscard]] std::size_t position() const { return at_; }
  void rewind(std::size_t position) { at_ = position; }

  bool skip(std::string_view any_of) {
    if (at_ == text_.size() || any_of.find(text_[at_]) == std::string_view::npos) return false;
    ++at_;
    return true;
  }

  /// Exactly `count` digits, the value between the bounds.
  std::optional<unsigned> number(std::size_t count, unsigned min, unsigned max) {
    if (text_.size() - at_ < count) return std::nullopt;
    unsigned value = 0;
    for (std::size_t i = 0; i < count; ++i) {
      if (!is_digit(text_[at_ + i])) return std::nullopt;
      value = value * 10 + static_cast<unsigned>(text_[at_ + i] - '0');
    }
    if (value < min || value > max) return std::nullopt;
    at_ += count;
    return value;
  }

  std::optional<char> digit() {
    if (at_ == text_.size() || !is_digit(text_[at_])) return std::nullopt;
    return text_[at_++];
  }

 private:
  std::string_view text_;
  std::size_t at_ = 0;
};

std::optional<TimestampMs> scan_date(Scanner& in) {
  const auto year = in.number(4, 0, 9999);
  if (!year || !in.skip("-")) return std::nullopt;
  const auto month = in.number(2, 1, 12);
  if (!month || !in.skip("-")) return std::nullopt;
  const auto day = in.number(2, 1, 31);
  if (!day) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(static_cast<int>(*year)), std::chrono::month(*month),
                                         std::chrono::day(*day)};
  if (!date.ok()) return std::nullopt;
  return std::chrono::sys_days(date).time_since_epoch().count() * kMsPerDay;
}

/// ".250" or ",250" after the seconds, in milliseconds; 0 and nothing taken when there is no fraction.
TimestampMs scan_fraction(Scanner& in) {
  const auto before = in.position();
  if (!in.skip(".,")) return 0;
  TimestampMs ms = 0;
  TimestampMs unit = 100;
  auto digit = in.digit();
  if (!digit) in.rewind(before);
  for (; digit; digit = in.digit(), unit /= 10) ms += unit * (*digit - '0');
  return ms;
}

/// "Z" or "+02:00", in milliseconds east of UTC; 0 and nothing taken when there is no offset.
TimestampMs scan_zone(Scanner& in) {
  if (in.skip("Zz")) return 0;
  const auto before = in.position();
  const bool east = in.skip("+");
  if (!east && !in.skip("-")) return 0;
  const auto hours = in.number(2, 0, 23);
  const bool colon = hours && in.skip(":");
  const auto minutes = colon ? in.number(2, 0, 59) : std::nullopt;
  if (!minutes) {
    in.rewind(before);
    return 0;
  }
  const TimestampMs offset = (TimestampMs{*hours} * 60 + *minutes) * kMsPerMinute;
  return east ? offset : -offset;
}

std::optional<TimestampMs> scan_date_and_time(Scanner& in) {
  const auto date = scan_date(in);
  if (!date || !in.skip("Tt ")) return std::nullopt;
  const auto hour = in.number(2, 0, 23);
  if (!hour || !in.skip(":")) return std::nullopt;
  const auto minute = in.number(2, 0, 59);
  if (!minute || !in.skip(":")) return std::nullopt;
  const auto second = in.number(2, 0, 59);
  if (!second) return std::nullopt;
  const TimestampMs clock = (TimestampMs{*hour} * 60 + *minute) * kMsPerMinute + TimestampMs{*second} * 1000;
  const auto fraction = scan_fraction(in);
  return *date + clock + fraction - scan_zone(in);
}

std::optional<TimestampPrefix> integer_prefix(std::string_view text) {
  if (text.empty() || !is_digit(text.front())) return std::nullopt;
  TimestampMs value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc()) return std::nullopt;
  return TimestampPrefix{value, static_cast<std::size_t>(end - text.data())};
}

struct Unit {
  std::string_view name;
  std::int64_t ms;
};
/// "ms" before "m", as the first that fits is taken.
constexpr Unit kUnits[] = {{"ms", 1},        {"s", 1000},         {"m", kMsPerMinute}, {"h", 60 * kMsPerMinute},
                           {"d", kMsPerDay}, {"w", 7 * kMsPerDay}};

void append_padded(std::string& out, unsigned value, std::size_t width) {
  char digits[4];
  for (std::size_t i = width; i-- > 0; value /= 10) digits[i] = static_cast<char>('0' + value % 10);
  out.append(digits, width);
}

}  // namespace

std::optional<TimestampPrefix> parse_timestamp_prefix(std::string_view text) {
  Scanner in(text);
  if (const auto timestamp = scan_date_and_time(in)) {
    if (*timestamp < 0) return std::nullopt;
    return TimestampPrefix{*timestamp, in.position()};
  }
  return integer_prefix(text);
}

std::optional<TimestampMs> parse_timestamp(std::string_view text) {
  Scanner in(text);
  if (const auto date = scan_date(in); date && *date >= 0 && in.position() == text.size()) return *date;
  const auto prefix = parse_timestamp_prefix(text);
  if (!prefix || prefix->length != text.size()) return std::nullopt;
  return prefix->timestamp;
}

bool is_rfc3339(std::string_view text) {
  Scanner in(text);
  if (!scan_date(in) || !in.skip("Tt") || !in.number(2, 0, 23) || !in.skip(":") || !in.number(2, 0, 59) || !in.skip(":") ||
      !in.number(2, 0, 60)) {
    return false;
  }
  if (in.skip(".")) {
    if (!in.digit()) return false;
    while (in.digit()) {
    }
  }
  if (in.skip("Zz")) return in.position() == text.size();
  return in.skip("+-") && in.number(2, 0, 23) && in.skip(":") && in.number(2, 0, 59) && in.position() == text.size();
}

std::optional<std::chrono::milliseconds> parse_duration(std::string_view text) {
  if (text.empty()) return std::nullopt;
  std::int64_t total = 0;
  while (!text.empty()) {
    std::int64_t count = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
    if (error != std::errc() || count < 0) return std::nullopt;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    const Unit* unit = nullptr;
    for (const auto& candidate : kUnits) {
      if (unit == nullptr && text.starts_with(candidate.name)) unit = &candidate;
    }
    std::int64_t part = 0;
    if (unit == nullptr || __builtin_mul_overflow(count, unit->ms, &part) || __builtin_add_overflow(total, part, &total)) {
      return std::nullopt;
    }
    text.remove_prefix(unit->name.size());
  }
  return std::chrono::milliseconds(total);
}

void append_timestamp(std::string& out, TimestampMs timestamp) {
  constexpr TimestampMs kYear0 = -719'528 * kMsPerDay;
  constexpr TimestampMs kYear10000 = 2'932'897 * kMsPerDay;
  if (timestamp < kYear0 || timestamp >= kYear10000) {
    out += std::to_string(timestamp);
    return;
  }
  const std::chrono::sys_time<std::chrono::milliseconds> time{std::chrono::milliseconds(timestamp)};
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  auto rest = static_cast<unsigned>((time - day).count());
  append_padded(out, static_cast<unsigned>(static_cast<int>(date.year())), 4);
  out += '-';
  append_padded(out, static_cast<unsigned>(date.month()), 2);
  out += '-';
  append_padded(out, static_cast<unsigned>(date.day()), 2);
  out += 'T';
  append_padded(out, rest / 3'600'000, 2);
  out += ':';
  append_padded(out, rest / 60'000 % 60, 2);
  out += ':';
  append_padded(out, rest / 1000 % 60, 2);
  out += '.';
  append_padded(out, rest % 1000, 3);
  out += 'Z';
}

}  // namespace leat
