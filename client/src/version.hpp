#pragma once

#include <string_view>

namespace leat::client {

/// What the hello tells the broker of this library. The build defines it.
inline constexpr std::string_view kClientVersion = LEAT_VERSION;

}  // namespace leat::client
