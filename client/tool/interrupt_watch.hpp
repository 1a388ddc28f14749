#pragma once

#include <chrono>
#include <functional>
#include <thread>

#include "client/tool/interrupt.hpp"

namespace leat::tool {

/// Calls `stop` on a thread of its own when `grace` has passed since an interrupt, unless the object is gone by then: it wakes
/// what waits in the SDK for something that may never come.
class InterruptWatch {
 public:
  InterruptWatch(const Interrupt& interrupt, std::chrono::milliseconds grace, std::function<void()> stop);
  ~InterruptWatch();
  InterruptWatch(const InterruptWatch&) = delete;
  InterruptWatch& operator=(const InterruptWatch&) = delete;

 private:
  /// True when the object went first.
  [[nodiscard]] bool wait_for_end(std::chrono::milliseconds at_most) const;
  void watch(int interrupt_fd, std::chrono::milliseconds grace, const std::function<void()>& stop) const;

  int end_fd_;
  std::thread thread_;
};

}  // namespace leat::tool
