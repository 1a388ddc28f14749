#include "simulation/page_image.hpp"

#include <algorithm>

namespace leat::simulation {

std::size_t PageImage::read(std::uint64_t at, MutableByteSpan into) const {
  if (at >= size_) return 0;
  const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(into.size(), size_ - at));
  for (std::size_t done = 0; done < count;) {
    const std::uint64_t position = at + done;
    const std::size_t within = position % kPageBytes;
    const std::size_t here = std::min(kPageBytes - within, count - done);
    const Page* page = pages_[position / kPageBytes].get();
    if (page != nullptr) {
      std::copy_n(page->data() + within, here, into.data() + done);
    } else {
      std::fill_n(into.data() + done, here, std::byte{0});
    }
    done += here;
  }
  return count;
}

void PageImage::write(std::uint64_t at, ByteSpan bytes) {
  if (bytes.empty()) return;
  if (at + bytes.size() > size_) resize(at + bytes.size());
  for (std::size_t done = 0; done < bytes.size();) {
    const std::uint64_t position = at + done;
    const std::size_t within = position % kPageBytes;
    const std::size_t here = std::min(kPageBytes - within, bytes.size() - done);
    std::copy_n(bytes.data() + done, here, writable_page(position / kPageBytes).data() + within);
    done += here;
  }
}

void PageImage::resize(std::uint64_t bytes) {
  const std::size_t within = bytes % kPageBytes;
  pages_.resize((bytes + kPageBytes - 1) / kPageBytes);
  if (bytes < size_ && within != 0 && pages_.back() != nullptr) {
    std::fill(writable_page(pages_.size() - 1).begin() + static_cast<std::ptrdiff_t>(within),
              writable_page(pages_.size() - 1).end(), std::byte{0});
  }
  size_ = bytes;
}

std::uint64_t PageImage::allocated_bytes() const {
  const auto allocated = std::count_if(pages_.begin(), pages_.end(), [](const auto& page) { return page != nullptr; });
  return static_cast<std::uint64_t>(allocated) * kPageBytes;
}

bool PageImage::is_hole(std::uint64_t at) const {
  const std::uint64_t index = at / kPageBytes;
  return index >= pages_.size() || pages_[index] == nullptr;
}

PageImage::Page& PageImage::writable_page(std::size_t index) {
  std::shared_ptr<Page>& page = pages_[index];
  if (page == nullptr) {
    page = std::make_shared<Page>();
  } else if (page.use_count() != 1) {
    page = std::make_shared<Page>(*page);
  }
  return *page;
}

}  // namespace leat::simulation
