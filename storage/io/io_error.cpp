#include "storage/io/io_error.hpp"

#include <cerrno>
#include <system_error>

namespace leat::storage {

Error io_error(std::string_view operation, const Path& path, int error_number) {
  const bool full = error_number == ENOSPC || error_number == EDQUOT;
  std::string context(operation);
  context.append(" ").append(path.native()).append(": ").append(std::generic_category().message(error_number));
  return Error(full ? Errc::storage_full : Errc::io_error, std::move(context));
}

}  // namespace leat::storage
