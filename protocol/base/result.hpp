#pragma once

#include <boost/system/result.hpp>

#include "protocol/base/error.hpp"

namespace leat {

/// The outcome of everything that can fail outside start-up: a value, or an Error with a code and context.
template <class T>
class [[nodiscard]] Result : public boost::system::result<T, Error> {
 public:
  using boost::system::result<T, Error>::result;
};

/// Result<void>'s success, for `return ok();`.
inline Result<void> ok() { return {}; }

}  // namespace leat

#define LEAT_CONCAT_(a, b) a##b
#define LEAT_CONCAT(a, b) LEAT_CONCAT_(a, b)

/// Returns the error of a Result<void> (or any Result whose value is not wanted) to the caller.
#define LEAT_TRY(expression)                                                \
  do {                                                                      \
    if (auto leat_try_result = (expression); leat_try_result.has_error()) { \
      return std::move(leat_try_result).error();                            \
    }                                                                       \
  } while (false)

/// LEAT_ASSIGN(auto x, f()) is x = f()'s value, or returns f()'s error to the caller.
#define LEAT_ASSIGN(declaration, expression) LEAT_ASSIGN_(LEAT_CONCAT(leat_result_, __LINE__), declaration, expression)
#define LEAT_ASSIGN_(temporary, declaration, expression)          \
  auto temporary = (expression);                                  \
  if (temporary.has_error()) return std::move(temporary).error(); \
  declaration = std::move(temporary).value()
