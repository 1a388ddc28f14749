#pragma once

namespace leat {

[[noreturn]] void assertion_failed(const char* expression, const char* file, int line) noexcept;

}  // namespace leat

/// An invariant of our own code, checked in release builds as well. Never used to validate input.
#define LEAT_ASSERT(expression) \
  (static_cast<bool>(expression) ? void(0) : ::leat::assertion_failed(#expression, __FILE__, __LINE__))
