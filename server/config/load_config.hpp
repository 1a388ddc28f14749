#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "protocol/base/result.hpp"
#include "server/config/server_config.hpp"

namespace leat::server {

/// A setting given on the command line.
struct FlagSetting {
  std::string path;   ///< "listen.native"
  std::string value;  ///< as typed
  std::string flag;   ///< how the user wrote it, for messages: "--listen"
};

/// Where settings come from; a flag wins over a variable, a variable over the file, the file over the default.
struct ConfigSources {
  std::optional<std::string> file_path;  ///< must exist when given
  std::vector<std::string> environment;  ///< "NAME=value"; only names that start with LEAT_ are looked at
  std::vector<FlagSetting> flags;
};

/// The process's environment in the form of ConfigSources.
std::vector<std::string> process_environment();

/// The effective configuration, validated; or an error that names every fault, one a line: unknown keys with the accepted ones
/// and the nearest match, wrong types and ranges with file and line. Reads the file, writes nothing.
Result<ServerConfig> load_config(const ConfigSources& sources);

/// The rules between settings: endpoints, exposure, sizes that must fit in one another. For a configuration made by hand, too.
Result<void> validate(const ServerConfig& config);

}  // namespace leat::server
