#pragma once

#include <cstdlib>
#include <memory>
#include <new>

#include "protocol/base/bytes.hpp"
#include "storage/io/file_system.hpp"

namespace leat::storage {

/// Memory that a direct_sync file reads into and writes from: page-aligned, its size rounded up to a multiple of
/// kDirectAlignment, its contents unspecified at first. Throws std::bad_alloc. Fresh pages are dear: keep buffers and reuse them.
class AlignedBuffer {
 public:
  AlignedBuffer() = default;
  explicit AlignedBuffer(std::size_t size_bytes)
      : size_bytes_((size_bytes + kDirectAlignment - 1) / kDirectAlignment * kDirectAlignment) {
    if (size_bytes_ == 0) return;
    bytes_.reset(static_cast<std::byte*>(std::aligned_alloc(kDirectAlignment, size_bytes_)));
    if (!bytes_) throw std::bad_alloc();
  }
  AlignedBuffer(AlignedBuffer&& other) noexcept
      : bytes_(std::move(other.bytes_)), size_bytes_(std::exchange(other.size_bytes_, 0)) {}
  AlignedBuffer& operator=(AlignedBuffer&& other) noexcept {
    bytes_ = std::move(other.bytes_);
    size_bytes_ = std::exchange(other.size_bytes_, 0);
    return *this;
  }

  [[nodiscard]] std::byte* data() { return bytes_.get(); }
  [[nodiscard]] const std::byte* data() const { return bytes_.get(); }
  [[nodiscard]] std::size_t size() const { return size_bytes_; }
  [[nodiscard]] MutableByteSpan span() { return {bytes_.get(), size_bytes_}; }
  [[nodiscard]] ByteSpan span() const { return {bytes_.get(), size_bytes_}; }

 private:
  struct Free {
    void operator()(std::byte* bytes) const { std::free(bytes); }
  };
  std::unique_ptr<std::byte, Free> bytes_;
  std::size_t size_bytes_ = 0;
};

}  // namespace leat::storage
