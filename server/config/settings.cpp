#include "server/config/settings.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <limits>
#include <numeric>
#include <vector>

#include "protocol/base/assert.hpp"
#include "protocol/base/units.hpp"

namespace leat::server {
namespace {

Error refused(const Setting& setting, std::string_view found) {
  return Error(Errc::invalid_argument, fmt::format("expected {}, found {}", setting.accepted(), found));
}

std::string spell(SettingKind kind, std::int64_t number) {
  if (kind == SettingKind::size) return format_size(number);
  if (kind == SettingKind::duration) return format_duration_ms(number);
  return fmt::format("{}", number);
}

std::string toml_quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte < 0x20 || byte == 0x7f) {
      out += fmt::format("\\u{:04x}", byte);
    } else {
      out += c;
    }
  }
  return out + '"';
}

std::string describe(const RawValue& value) {
  if (const auto* flag = std::get_if<bool>(&value)) return *flag ? "true" : "false";
  if (const auto* number = std::get_if<std::int64_t>(&value)) return fmt::format("{}", *number);
  return toml_quoted(std::get<std::string>(value));
}

Result<std::int64_t> to_number(const Setting& setting, const RawValue& value, bool text_only) {
  if (const auto* number = std::get_if<std::int64_t>(&value)) return *number;
  const auto* text = std::get_if<std::string>(&value);
  if (text == nullptr) return refused(setting, describe(value));
  if (setting.kind == SettingKind::size) return parse_size(*text);
  if (setting.kind == SettingKind::duration) return parse_duration_ms(*text);
  std::int64_t number = 0;
  const char* const end = text->data() + text->size();
  const auto [stopped, error] = std::from_chars(text->data(), end, number);
  if (!text_only || error != std::errc() || stopped != end) return refused(setting, describe(value));
  return number;
}

/// Writes number, whose range has been checked, to the member.
void store(ServerConfig& config, const SettingTarget& target, std::int64_t number) {
  if (const auto* small = std::get_if<SettingRef<std::uint32_t>>(&target)) {
    (*small)(config) = static_cast<std::uint32_t>(number);
  } else if (const auto* large = std::get_if<SettingRef<std::uint64_t>>(&target)) {
    (*large)(config) = static_cast<std::uint64_t>(number);
  } else {
    std::get<SettingRef<std::int64_t>>(target)(config) = number;
  }
}

std::int64_t load(ServerConfig& config, const SettingTarget& target) {
  if (const auto* small = std::get_if<SettingRef<std::uint32_t>>(&target)) return (*small)(config);
  if (const auto* large = std::get_if<SettingRef<std::uint64_t>>(&target)) {
    return static_cast<std::int64_t>((*large)(config));
  }
  return std::get<SettingRef<std::int64_t>>(target)(config);
}

Result<void> assign_flag(ServerConfig& config, const Setting& setting, const RawValue& value, bool text_only) {
  bool& flag = std::get<SettingRef<bool>>(setting.target)(config);
  if (const auto* direct = std::get_if<bool>(&value)) {
    flag = *direct;
    return ok();
  }
  const auto* text = std::get_if<std::string>(&value);
  if (!text_only || text == nullptr || (*text != "true" && *text != "false")) return refused(setting, describe(value));
  flag = *text == "true";
  return ok();
}

/// Text and choices: both are strings, and only strings.
Result<void> assign_string(ServerConfig& config, const Setting& setting, const RawValue& value) {
  const auto* found = std::get_if<std::string>(&value);
  if (found == nullptr) return refused(setting, describe(value));
  if (const auto* choice = std::get_if<ChoiceRef>(&setting.target)) {
    const auto at = std::find(setting.choices.begin(), setting.choices.end(), *found);
    if (at == setting.choices.end()) return refused(setting, describe(value));
    choice->set(config, static_cast<std::size_t>(at - setting.choices.begin()));
    return ok();
  }
  const auto length = static_cast<std::int64_t>(found->size());
  const bool has_nul = found->find('\0') != std::string::npos;
  if (length < setting.min || length > setting.max || has_nul) return refused(setting, describe(value));
  std::get<SettingRef<std::string>>(setting.target)(config) = *found;
  return ok();
}

/// Levenshtein's distance, one row at a time.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i);
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({replaced, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row.back();
}

}  // namespace

std::string_view Setting::section() const {
  const std::size_t dot = path.find('.');
  return dot == std::string_view::npos ? std::string_view() : path.substr(0, dot);
}

std::string_view Setting::key() const {
  const std::size_t dot = path.find('.');
  return dot == std::string_view::npos ? path : path.substr(dot + 1);
}

std::string Setting::variable() const {
  std::string name = "LEAT_";
  for (const char c : path) name += c == '.' ? '_' : static_cast<char>(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
  return name;
}

std::string Setting::accepted() const {
  switch (kind) {
    case SettingKind::text:
      return min == 0 ? fmt::format("text of up to {} bytes", max) : fmt::format("text of {} to {} bytes", min, max);
    case SettingKind::flag:
      return "true or false";
    case SettingKind::choice:
      return fmt::format("one of {}", fmt::join(choices, ", "));
    case SettingKind::count:
    case SettingKind::size:
    case SettingKind::duration:
      break;
  }
  const char* const what = kind == SettingKind::size ? "a size" : kind == SettingKind::duration ? "a duration" : "a number";
  if (max == std::numeric_limits<std::int64_t>::max()) return fmt::format("{} from {}", what, spell(kind, min));
  return fmt::format("{} from {} to {}", what, spell(kind, min), spell(kind, max));
}

std::string Setting::toml_key() const {
  return key().find('.') == std::string_view::npos ? std::string(key()) : toml_quoted(key());
}

std::string Setting::toml_value(const ServerConfig& config) const {
  // The accessors give mutable references; a copy keeps the caller's value const.
  ServerConfig copy = config;
  switch (kind) {
    case SettingKind::text:
      return toml_quoted(std::get<SettingRef<std::string>>(target)(copy));
    case SettingKind::flag:
      return std::get<SettingRef<bool>>(target)(copy) ? "true" : "false";
    case SettingKind::choice:
      return toml_quoted(choices[std::get<ChoiceRef>(target).get(copy)]);
    case SettingKind::count:
    case SettingKind::size:
    case SettingKind::duration:
      break;
  }
  const std::string number = spell(kind, load(copy, target));
  const bool has_unit = number.find_first_not_of("-0123456789") != std::string::npos;
  return has_unit ? toml_quoted(number) : number;
}

const Setting* find_setting(std::string_view path) {
  for (const Setting& setting : settings()) {
    if (setting.path == path) return &setting;
  }
  return nullptr;
}

Result<void> assign(ServerConfig& config, const Setting& setting, const RawValue& value, bool text_only) {
  if (setting.kind == SettingKind::flag) return assign_flag(config, setting, value, text_only);
  if (setting.kind == SettingKind::text || setting.kind == SettingKind::choice) return assign_string(config, setting, value);
  LEAT_ASSIGN(const std::int64_t number, to_number(setting, value, text_only));
  if (number < setting.min || number > setting.max) return refused(setting, describe(value));
  store(config, setting.target, number);
  return ok();
}

std::optional<std::string_view> nearest(std::string_view word, std::span<const std::string> candidates) {
  std::optional<std::string_view> best;
  std::size_t best_distance = std::max<std::size_t>(2, word.size() / 3) + 1;
  for (const std::string& candidate : candidates) {
    if (const std::size_t d = distance(word, candidate); d < best_distance) {
      best_distance = d;
      best = candidate;
    }
  }
  return best;
}

}  // namespace leat::server
