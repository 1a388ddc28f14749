#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "protocol/base/bytes.hpp"

namespace leat::simulation {

/// The contents of a file in memory: pages that copies share until one of them writes. Bytes never written read as zeros and take
/// no page. Copies belong to one thread together.
class PageImage {
 public:
  static constexpr std::size_t kPageBytes = 4096;

  [[nodiscard]] std::uint64_t size() const { return size_; }
  /// The count is short only at the end of the image.
  std::size_t read(std::uint64_t at, MutableByteSpan into) const;
  /// Grows the image where needed.
  void write(std::uint64_t at, ByteSpan bytes);
  void resize(std::uint64_t bytes);

  [[nodiscard]] std::uint64_t allocated_bytes() const;
  /// Whether a write to this position would take another page.
  [[nodiscard]] bool is_hole(std::uint64_t at) const;

 private:
  using Page = std::array<std::byte, kPageBytes>;
  Page& writable_page(std::size_t index);

  std::uint64_t size_ = 0;
  std::vector<std::shared_ptr<Page>> pages_;
};

}  // namespace leat::simulation
