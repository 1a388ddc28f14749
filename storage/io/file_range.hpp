#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "storage/io/file_descriptor.hpp"

namespace leat::storage {

/// Bytes of a file that the operating system is to send from there, without a copy in this process (sendfile). Shares a
/// descriptor, so that neither closing nor removing the file takes the bytes away; cutting it would.
struct FileRange {
  std::shared_ptr<const FileDescriptor> file;
  std::uint64_t position = 0;
  std::size_t bytes = 0;
};

/// Whether the kernel can tell what is in its page cache (cachestat, Linux 6.5).
bool tells_cached();
/// Whether all of it is in the page cache, so that sending it waits for no disk. False where the kernel cannot tell.
bool is_cached(const FileRange& range);

}  // namespace leat::storage
