#pragma once

#include <string>

#include "storage/io/file_system.hpp"

namespace leat::bench {

/// A fresh directory on a real disk, removed with all it holds on destruction: below $LEAT_BENCH_DIR if that is set, else below
/// the build tree.
class ScratchDirectory {
 public:
  ScratchDirectory();
  ~ScratchDirectory();
  ScratchDirectory(const ScratchDirectory&) = delete;
  ScratchDirectory& operator=(const ScratchDirectory&) = delete;

  [[nodiscard]] const storage::Path& path() const { return path_; }

 private:
  storage::Path path_;
};

}  // namespace leat::bench
