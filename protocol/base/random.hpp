#pragma once

#include <cstdint>

namespace leat {

/// The seam for everything random. Implementations say which threads may call them.
class Random {
 public:
  virtual ~Random() = default;
  virtual std::uint64_t next() = 0;
};

/// The operating system's generator; any thread.
class SystemRandom final : public Random {
 public:
  std::uint64_t next() override;
};

/// A repeatable sequence from a seed (SplitMix64, Steele et al. 2014); one thread.
class SeededRandom final : public Random {
 public:
  explicit SeededRandom(std::uint64_t seed) : state_(seed) {}
  std::uint64_t next() override;

 private:
  std::uint64_t state_;
};

}  // namespace leat
