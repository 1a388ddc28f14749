#include "server/config/config_file.hpp"

#define TOML_HEADER_ONLY 1
#define TOML_EXCEPTIONS 0
#include <fmt/format.h>
#include <toml++/toml.h>

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <iterator>
#include <system_error>

namespace leat::server {
namespace {

constexpr std::size_t kFileBytesMax = 1024 * 1024;
constexpr std::ptrdiff_t kKeyPartsMax = 256;

/// toml++ limits how deep tables nest, but goes into the parts of a dotted key as deep as they are.
bool has_deep_key(std::string_view text) {
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    const std::string_view key = line.substr(0, line.find_first_of("=#"));
    if (std::count(key.begin(), key.end(), '.') >= kKeyPartsMax) return true;
    text.remove_prefix(std::min(text.size(), line.size() + 1));
  }
  return false;
}

std::string origin_of(const std::string& name, const toml::source_position& at) {
  return fmt::format("{}, line {}, column {}", name, at.line, at.column);
}

std::string_view type_name(toml::node_type type) {
  switch (type) {
    case toml::node_type::array:
      return "a list";
    case toml::node_type::floating_point:
      return "a fraction";
    case toml::node_type::date:
    case toml::node_type::time:
    case toml::node_type::date_time:
      return "a date or time";
    case toml::node_type::none:
    case toml::node_type::table:
    case toml::node_type::string:
    case toml::node_type::integer:
    case toml::node_type::boolean:
      break;
  }
  return "no value";
}

struct Placed {
  toml::source_position at;
  FileEntry entry;
};

void flatten(const toml::table& table, const std::string& prefix, const std::string& name, std::vector<Placed>& out) {
  for (const auto& [key, node] : table) {
    std::string path = prefix + std::string(key.str());
    // The key's own place, not its value's: that is where the eye looks for it.
    const toml::source_position at = key.source().begin;
    if (const toml::table* inner = node.as_table()) {
      // An empty section is entered too, so that a misspelt one is noticed.
      if (inner->empty()) out.push_back({at, {path, {}, FileEntry::kEmptySection, origin_of(name, at)}});
      flatten(*inner, path + '.', name, out);
      continue;
    }
    FileEntry entry{std::move(path), {}, {}, origin_of(name, at)};
    if (const auto* text = node.as_string()) {
      entry.value = text->get();
    } else if (const auto* number = node.as_integer()) {
      entry.value = number->get();
    } else if (const auto* flag = node.as_boolean()) {
      entry.value = flag->get();
    } else {
      entry.type = type_name(node.type());
    }
    out.push_back({at, std::move(entry)});
  }
}

}  // namespace

Result<std::vector<FileEntry>> parse_config_text(std::string_view text, const std::string& name) {
  if (has_deep_key(text)) {
    return Error(Errc::invalid_argument, fmt::format("{}: a key has more than {} parts", name, kKeyPartsMax));
  }
  const toml::parse_result parsed = toml::parse(text);
  if (!parsed) {
    const toml::parse_error& error = parsed.error();
    return Error(Errc::invalid_argument, fmt::format("{}: {}", origin_of(name, error.source().begin), error.description()));
  }
  std::vector<Placed> placed;
  flatten(parsed.table(), "", name, placed);
  // toml++ keeps tables sorted by key; messages follow the file.
  std::stable_sort(placed.begin(), placed.end(), [](const Placed& a, const Placed& b) { return a.at < b.at; });
  std::vector<FileEntry> entries;
  entries.reserve(placed.size());
  for (Placed& one : placed) entries.push_back(std::move(one.entry));
  return entries;
}

Result<std::vector<FileEntry>> read_config_file(const std::string& file_path) {
  errno = 0;
  std::ifstream file(file_path, std::ios::binary);
  const auto cannot_read = [&] {
    const int error = errno;
    return Error(Errc::io_error, fmt::format("cannot read the configuration {}: {}", file_path,
                                             error != 0 ? std::generic_category().message(error) : "unreadable"));
  };
  if (!file) return cannot_read();
  std::string text;
  char block[4096];
  while (file.read(block, sizeof block) || file.gcount() > 0) {
    text.append(block, static_cast<std::size_t>(file.gcount()));
    if (text.size() > kFileBytesMax) {
      return Error(Errc::invalid_argument,
                   fmt::format("{} is larger than any configuration ({} bytes)", file_path, kFileBytesMax));
    }
  }
  if (file.bad() || errno == EISDIR) return cannot_read();
  return parse_config_text(text, file_path);
}

}  // namespace leat::server
