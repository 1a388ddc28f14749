#include "storage/io/io_error.hpp"

#include <cerrno>
#include <system_error>

namespace leat::storage {

Error io_error(std::string_view operation, const Path& path, int error_number) {
  // Out of file descriptors is out of room as well: nothing was done, and it passes when other files or connections are closed.
  const bool full = error_number == ENOSPC || error_number == EDQUOT || error_number == EMFILE || error_number == ENFILE;
  std::string context(operation);
  context.append(" ").append(path.native()).append(": ").append(std::generic_category().message(error_number));
  return Error(full ? Errc::storage_full : Errc::io_error, std::move(context));
}

}  // namespace leat::storage
