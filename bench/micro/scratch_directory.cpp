#include "bench/micro/scratch_directory.hpp"

#include <cstdlib>
#include <stdexcept>

namespace leat::bench {

ScratchDirectory::ScratchDirectory() {
  const char* parent = std::getenv("LEAT_BENCH_DIR");
  std::string name = (storage::Path(parent != nullptr ? parent : LEAT_BENCH_SCRATCH) / "scratch-XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("cannot create " + name);
  path_ = name;
}

ScratchDirectory::~ScratchDirectory() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

}  // namespace leat::bench
