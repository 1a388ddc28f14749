#pragma once

#include <span>
#include <string_view>

#include "protocol/base/bytes.hpp"

namespace leat::server {

/// A file of the console page as the build embedded it.
struct ConsoleFile {
  std::string_view path;  ///< "/", "/console/app.js"
  std::string_view content_type;
  std::string_view etag;  ///< weak, as it stands for both encodings
  ByteSpan gzipped;
};

/// Empty when the build left the console out. Defined by what the build generates (cmake/LeatConsole.cmake).
std::span<const ConsoleFile> console_files();

}  // namespace leat::server
