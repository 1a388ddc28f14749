#pragma once

#include <string>
#include <vector>

#include "protocol/base/result.hpp"
#include "server/config/settings.hpp"

namespace leat::server {

/// One key of a configuration file.
struct FileEntry {
  static constexpr const char* kEmptySection = "an empty section";

  std::string path;    ///< "storage.segment_bytes", whether the file says it with a section, dots or quotes
  RawValue value;      ///< meaningless when type is set
  std::string type;    ///< for a value no setting can have: "a list", kEmptySection, ...
  std::string origin;  ///< "leatd.toml, line 3, column 9"
};

/// What is written in a TOML file, in its order. io_error when it cannot be read, invalid_argument with line and column when it
/// is not TOML (a half-written file, say).
Result<std::vector<FileEntry>> read_config_file(const std::string& file_path);

/// The same for text that has been read; name stands in the messages.
Result<std::vector<FileEntry>> parse_config_text(std::string_view text, const std::string& name);

}  // namespace leat::server
