#include "server/config/load_config.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <map>

#include "protocol/base/units.hpp"
#include "protocol/native/codec.hpp"
#include "server/config/config_file.hpp"
#include "server/config/endpoint.hpp"
#include "server/config/settings.hpp"

namespace leat::server {
namespace {

constexpr std::string_view kPrefix = "LEAT_";
/// They share the prefix and belong to the client tool, which may well run in the same shell.
constexpr std::array<std::string_view, 3> kVariablesOfTheTool{"LEAT_SERVER", "LEAT_CONTEXT", "LEAT_OUTPUT"};

/// Collects every fault, so that a configuration is repaired in one go.
class Faults {
 public:
  void add(std::string fault) { faults_.push_back(std::move(fault)); }
  void add(std::string_view origin, std::string_view what, const Result<void>& result) {
    if (result.has_error()) add(fmt::format("{}: {}: {}", origin, what, result.error().context));
  }
  [[nodiscard]] Result<void> result() const {
    if (faults_.empty()) return ok();
    return Error(Errc::invalid_argument, fmt::format("{}", fmt::join(faults_, "\n")));
  }

 private:
  std::vector<std::string> faults_;
};

std::string with_suggestion(std::string message, std::string_view word, const std::vector<std::string>& accepted) {
  if (const auto match = nearest(word, accepted)) message += fmt::format(" (did you mean {}?)", *match);
  return fmt::format("{}; accepted are: {}", message, fmt::join(accepted, ", "));
}

bool is_section(std::string_view name) {
  return std::any_of(settings().begin(), settings().end(),
                     [&](const Setting& s) { return !name.empty() && s.section() == name; });
}

std::vector<std::string> keys_of(std::string_view section) {
  std::vector<std::string> keys;
  for (const Setting& setting : settings()) {
    if (setting.section() == section) keys.push_back(setting.toml_key());
  }
  return keys;
}

std::vector<std::string> top_level_names() {
  std::vector<std::string> names = keys_of("");
  for (const Setting& setting : settings()) {
    std::string section = fmt::format("[{}]", setting.section());
    if (!setting.section().empty() && names.back() != section) names.push_back(std::move(section));
  }
  return names;
}

std::string unknown_key(const std::string& path, bool names_section = false) {
  const std::size_t dot = path.find('.');
  const std::string first = path.substr(0, dot);
  if (dot == std::string::npos && !names_section) {
    return with_suggestion(fmt::format("unknown key {}", path), path, top_level_names());
  }
  if (!is_section(first)) {
    return with_suggestion(fmt::format("unknown section [{}]", first), fmt::format("[{}]", first), top_level_names());
  }
  const std::string key = path.substr(dot + 1);
  return with_suggestion(fmt::format("unknown key {} in [{}]", key, first), key, keys_of(first));
}

void apply_file(ServerConfig& config, const std::vector<FileEntry>& entries, Faults& faults) {
  std::map<std::string, std::string> origins;
  for (const FileEntry& entry : entries) {
    const Setting* setting = find_setting(entry.path);
    const bool is_empty_section = entry.type == FileEntry::kEmptySection;
    if (is_empty_section && is_section(entry.path)) continue;
    if (setting == nullptr) {
      faults.add(fmt::format("{}: {}", entry.origin, unknown_key(entry.path, is_empty_section)));
    } else if (const auto [first, is_new] = origins.emplace(entry.path, entry.origin); !is_new) {
      faults.add(fmt::format("{}: {} was set already ({})", entry.origin, entry.path, first->second));
    } else if (!entry.type.empty()) {
      faults.add(fmt::format("{}: {}: expected {}, found {}", entry.origin, entry.path, setting->accepted(), entry.type));
    } else {
      faults.add(entry.origin, entry.path, assign(config, *setting, entry.value, false));
    }
  }
}

const Setting* find_variable(std::string_view name) {
  for (const Setting& setting : settings()) {
    if (setting.variable() == name) return &setting;
  }
  return nullptr;
}

std::string unknown_variable(std::string_view name) {
  std::vector<std::string> names;
  for (const Setting& setting : settings()) names.push_back(setting.variable());
  return with_suggestion(fmt::format("environment: unknown variable {}", name), name, names);
}

void apply_environment(ServerConfig& config, const std::vector<std::string>& environment, Faults& faults) {
  for (const std::string& definition : environment) {
    const std::string_view name = std::string_view(definition).substr(0, definition.find('='));
    if (!name.starts_with(kPrefix) || name.size() == definition.size()) continue;
    if (std::find(kVariablesOfTheTool.begin(), kVariablesOfTheTool.end(), name) != kVariablesOfTheTool.end()) continue;
    if (const Setting* setting = find_variable(name)) {
      faults.add("environment", name, assign(config, *setting, definition.substr(name.size() + 1), true));
    } else {
      faults.add(unknown_variable(name));
    }
  }
}

void apply_flags(ServerConfig& config, const std::vector<FlagSetting>& flags, Faults& faults) {
  for (const FlagSetting& flag : flags) {
    if (const Setting* setting = find_setting(flag.path)) {
      faults.add("command line", flag.flag, assign(config, *setting, flag.value, true));
    } else {
      faults.add(fmt::format("command line: {}: {}", flag.flag, unknown_key(flag.path)));
    }
  }
}

void check_listener(const std::string& text, std::string_view setting, bool insecure_anonymous, Faults& faults) {
  const auto endpoint = parse_endpoint(text);
  if (endpoint.has_error()) {
    faults.add(fmt::format("{}: {}", setting, endpoint.error().context));
  } else if (const auto exposed = check_exposure(endpoint.value(), setting, insecure_anonymous); exposed.has_error()) {
    faults.add(exposed.error().context);
  }
}

struct Sized {
  std::string_view name;
  std::uint64_t bytes;
};

/// smaller may not be larger than larger, because of the reason.
void check_fits(const Sized& smaller, const Sized& larger, std::string_view reason, Faults& faults) {
  if (smaller.bytes <= larger.bytes) return;
  const auto spell = [](std::uint64_t bytes) { return format_size(static_cast<std::int64_t>(bytes)); };
  faults.add(fmt::format("{} ({}) is larger than {} ({}): {}", smaller.name, spell(smaller.bytes), larger.name,
                         spell(larger.bytes), reason));
}

/// "https://shop.example:8443" and nothing behind it, as browsers write an origin; "*" is any.
bool is_origin(std::string_view text) {
  if (text == "*") return true;
  const std::size_t at = text.find("://");
  const std::string_view scheme = text.substr(0, at);
  if (at == std::string_view::npos || (scheme != "http" && scheme != "https")) return false;
  const std::string_view host = text.substr(at + 3);
  return !host.empty() && host.find_first_of("/?#@,*") == std::string_view::npos;
}

void check_origins(std::string_view list, Faults& faults) {
  while (!list.empty()) {
    const std::string_view one = list.substr(0, list.find(' '));
    list.remove_prefix(std::min(list.size(), one.size() + 1));
    if (one.empty() || is_origin(one)) continue;
    faults.add(fmt::format("http.allowed_origins: \"{}\" is no origin, as https://shop.example is, and not *", one));
  }
}

}  // namespace

std::vector<std::string> process_environment() {
  std::vector<std::string> definitions;
  for (char** definition = environ; definition != nullptr && *definition != nullptr; ++definition) {
    definitions.emplace_back(*definition);
  }
  return definitions;
}

Result<void> validate(const ServerConfig& config) {
  Faults faults;
  check_listener(config.listen.native, "listen.native", config.insecure_anonymous, faults);
  if (config.listen.http != kOff) check_listener(config.listen.http, "listen.http", config.insecure_anonymous, faults);
  check_origins(config.http.allowed_origins, faults);

  const Sized message{"topic_defaults.max.message.bytes", config.topic_defaults.max_message_bytes};
  const Sized frame{"limits.frame_bytes_max", config.limits.frame_bytes_max};
  check_fits({"topic_defaults.max.message.bytes with a header", message.bytes + native::kPublishHeaderBytesMax}, frame,
             "a publisher could not send what the topic takes", faults);
  check_fits(frame, {"limits.receive_bytes_max", config.limits.receive_bytes_max}, "the largest frame would wait for ever",
             faults);
  check_fits(message, {"storage.commit_queue_bytes_max", config.storage.commit_queue_bytes_max},
             "the largest batch would wait for ever", faults);
  // The larger half of a journal file is left to the batch's neighbours in its group and to headers and padding.
  check_fits(message, {"half of storage.journal_file_bytes", config.storage.journal_file_bytes / 2},
             "a batch is journalled in one piece", faults);
  check_fits(message, {"the default segment size", config.default_segment_bytes()}, "a batch is stored in one segment", faults);
  check_fits(frame, {"limits.session_in_flight_bytes_max", config.limits.session_in_flight_bytes_max},
             "a connection could not send its largest frame", faults);
  if (const std::uint64_t own = config.topic_defaults.segment_bytes; own != 0 && own < 64 * kKiB) {
    faults.add(fmt::format("topic_defaults.segment.bytes: expected 0 or at least 64KiB, found {}", own));
  }
  return faults.result();
}

Result<ServerConfig> load_config(const ConfigSources& sources) {
  ServerConfig config;
  Faults faults;
  if (sources.file_path) {
    LEAT_ASSIGN(const auto entries, read_config_file(*sources.file_path));
    apply_file(config, entries, faults);
  }
  apply_environment(config, sources.environment, faults);
  apply_flags(config, sources.flags, faults);
  LEAT_TRY(faults.result());
  LEAT_TRY(validate(config));
  return config;
}

}  // namespace leat::server
