#pragma once

#include <string_view>

#include "protocol/base/error.hpp"
#include "storage/io/file_system.hpp"

namespace leat::storage {

/// The error of a system call: "operation path: what errno says". Errc::storage_full when the disk or the quota is exhausted,
/// else Errc::io_error.
Error io_error(std::string_view operation, const Path& path, int error_number);

}  // namespace leat::storage
