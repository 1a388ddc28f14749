#include "server/config/config_text.hpp"

#include <fmt/format.h>

#include <iterator>

#include "server/config/settings.hpp"

namespace leat::server {

std::string to_toml(const ServerConfig& config) {
  std::string out;
  std::string_view section;
  for (const Setting& setting : settings()) {
    if (setting.section() != section) {
      section = setting.section();
      fmt::format_to(std::back_inserter(out), "\n[{}]\n", section);
    }
    fmt::format_to(std::back_inserter(out), "# {} ({})\n{} = {}\n", setting.help, setting.accepted(), setting.toml_key(),
                   setting.toml_value(config));
  }
  return out;
}

std::string config_reference() {
  std::string out =
      "# Settings of leatd\n\n"
      "A setting comes from a flag, else from its environment variable, else from the TOML file given with `--config`, else it "
      "has\n"
      "its default. Unknown keys and variables are refused. Sizes are numbers of bytes or text such as `\"64MiB\"` and "
      "`\"1GB\"`,\n"
      "durations are milliseconds or text such as `\"10s\"` and `\"7d\"`. This page is generated from the table that the daemon "
      "reads.\n";
  const ServerConfig defaults;
  std::string_view section = "none yet";
  for (const Setting& setting : settings()) {
    if (setting.section() != section) {
      section = setting.section();
      const std::string title = section.empty() ? "At the top level" : fmt::format("`[{}]`", section);
      fmt::format_to(std::back_inserter(out), "\n## {}\n\n| Key | Default | Accepted | Variable | |\n|---|---|---|---|---|\n",
                     title);
    }
    fmt::format_to(std::back_inserter(out), "| `{}` | `{}` | {} | `{}` | {} |\n", setting.toml_key(),
                   setting.toml_value(defaults), setting.accepted(), setting.variable(), setting.help);
  }
  return out;
}

}  // namespace leat::server
