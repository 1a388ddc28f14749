#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "protocol/base/result.hpp"
#include "server/config/server_config.hpp"

namespace leat::server {

enum class SettingKind : std::uint8_t { text, flag, count, size, duration, choice };

/// Where a setting lives in a ServerConfig.
template <class T>
using SettingRef = T& (*)(ServerConfig&);
struct ChoiceRef {
  std::size_t (*get)(const ServerConfig&);
  void (*set)(ServerConfig&, std::size_t);
};
using SettingTarget = std::variant<SettingRef<std::string>, SettingRef<bool>, SettingRef<std::uint32_t>,
                                   SettingRef<std::uint64_t>, SettingRef<std::int64_t>, ChoiceRef>;

/// One row of the table that drives the configuration file, the environment, the printed configuration and the reference.
struct Setting {
  std::string_view path;  ///< "storage.segment_bytes": the section's name, a dot, the key; the key may have dots itself
  SettingKind kind;
  SettingTarget target;
  std::int64_t min = 0;  ///< of numbers, in bytes or milliseconds where the kind says so
  std::int64_t max = 0;
  std::span<const std::string_view> choices;
  std::string_view help;

  [[nodiscard]] std::string_view section() const;  ///< empty for a key at the top level
  [[nodiscard]] std::string_view key() const;
  /// LEAT_ and the path in capitals, each dot an underscore: "LEAT_STORAGE_SEGMENT_BYTES".
  [[nodiscard]] std::string variable() const;
  /// "1MiB to 16GiB", "true or false", "one of text, json".
  [[nodiscard]] std::string accepted() const;
  /// The key as TOML spells it: quoted when it has dots.
  [[nodiscard]] std::string toml_key() const;
  /// The value in config, as TOML spells it.
  [[nodiscard]] std::string toml_value(const ServerConfig& config) const;
};

/// Every setting, section by section in the order of the reference.
std::span<const Setting> settings();

const Setting* find_setting(std::string_view path);

/// A value as it was found: TOML's own types, or the text of a variable or flag.
using RawValue = std::variant<std::string, std::int64_t, bool>;

/// Puts value into config. invalid_argument naming what is accepted when it is of the wrong type or out of range. text_only says
/// that the value comes from where everything is text, so that "5" is a number and "true" a flag.
Result<void> assign(ServerConfig& config, const Setting& setting, const RawValue& value, bool text_only);

/// The candidate that differs from word in the fewest letters, when that is few enough to be a slip of the finger.
std::optional<std::string_view> nearest(std::string_view word, std::span<const std::string> candidates);

}  // namespace leat::server
