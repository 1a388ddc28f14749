#pragma once

#include <string>

#include "server/config/server_config.hpp"

namespace leat::server {

/// The configuration as a TOML file that loads to the same values, every setting with its description and accepted values.
std::string to_toml(const ServerConfig& config);

/// CONFIG.md: every setting with its default, its range, its variable and what it does.
std::string config_reference();

}  // namespace leat::server
