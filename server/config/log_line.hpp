#pragma once

#include <concepts>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "protocol/base/error.hpp"

namespace leat::server::log {

/// One `key=value` of a log line. Text is viewed, not copied: a Field lives as long as the call that logs it.
class Field {
 public:
  using Value = std::variant<std::string_view, std::int64_t, std::uint64_t, double, bool, const Error*>;

  template <class T>
  requires std::convertible_to<const T&, std::string_view> Field(std::string_view key, const T& text)
      : key_(key), value_(std::string_view(text)) {}
  template <std::signed_integral T>
  Field(std::string_view key, T number) : key_(key), value_(static_cast<std::int64_t>(number)) {}
  template <std::unsigned_integral T>
  requires(!std::same_as<T, bool>) Field(std::string_view key, T number)
      : key_(key), value_(static_cast<std::uint64_t>(number)) {}
  Field(std::string_view key, std::same_as<bool> auto flag) : key_(key), value_(flag) {}
  Field(std::string_view key, double number) : key_(key), value_(number) {}
  Field(std::string_view key, const Error& error) : key_(key), value_(&error) {}

  [[nodiscard]] std::string_view key() const { return key_; }
  [[nodiscard]] const Value& value() const { return value_; }

 private:
  std::string_view key_;
  Value value_;
};

/// `EVENT key=value key="two words"` in the manner of logfmt. Nothing in a value can end the line or start another field.
std::string text_line(std::string_view level, std::string_view event, std::span<const Field> fields);

/// The members of a JSON object without its braces: `"level":"info","event":"EVENT","key":value`. Bytes that are not UTF-8 become
/// U+FFFD, so that the line is JSON whatever a peer sent.
std::string json_members(std::string_view level, std::string_view event, std::span<const Field> fields);

}  // namespace leat::server::log
