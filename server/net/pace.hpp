#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <utility>

namespace leat::server {

/// Whether a peer gets on with what it keeps memory busy for: looked at once a window, a part of what it holds has to have moved
/// since. At that pace all of it has moved within half a minute; who keeps it is only as slow as his line. One thread.
class Pace {
 public:
  using Time = std::chrono::steady_clock::time_point;
  static constexpr std::chrono::milliseconds kWindow{1000};
  static constexpr std::size_t kWindowsMax = 32;  ///< for everything that is held

  /// From now on the peer is expected to get on. `moved_bytes_total`: what it has sent, or taken, so far.
  void begin(Time now, std::uint64_t moved_bytes_total) {
    check_at_ = now + kWindow;
    moved_then_ = moved_bytes_total;
  }
  [[nodiscard]] Time check_at() const { return check_at_; }

  /// False when less than is expected has moved in the window that is over by now; the next one begins.
  bool kept(Time now, std::uint64_t moved_bytes_total, std::size_t held_bytes) {
    if (now < check_at_) return true;
    check_at_ = now + kWindow;
    const std::uint64_t moved = moved_bytes_total - std::exchange(moved_then_, moved_bytes_total);
    return moved >= std::max<std::size_t>(1, held_bytes / kWindowsMax);
  }

 private:
  Time check_at_ = Time::max();
  std::uint64_t moved_then_ = 0;
};

}  // namespace leat::server
