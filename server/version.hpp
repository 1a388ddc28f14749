#pragma once

#include <string_view>

namespace leat::server {

inline constexpr std::string_view kVersion = LEAT_VERSION;

}  // namespace leat::server
