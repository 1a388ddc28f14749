#include "bench/load/fan_subscribers.hpp"

#include <sys/epoll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "client/tool/stamp.hpp"

namespace leat::load {
namespace {

Error failed(const char* doing) { return Error(Errc::io_error, std::string(doing) + ": " + std::strerror(errno)); }

}  // namespace

Result<void> FanSubscribers::begin(Peer& peer, std::uint32_t subscribers) {
  epoll_ = ::epoll_create1(EPOLL_CLOEXEC);
  if (epoll_ < 0) return failed("epoll_create");
  for (std::uint32_t i = 0; i < subscribers; ++i) {
    LEAT_ASSIGN(auto subscriber, peer.subscriber());
    LEAT_TRY(subscriber->begin(From::end));
    LEAT_TRY(watch(*subscriber));
    subscribers_.push_back(std::move(subscriber));
  }
  thread_ = std::thread([this] { receive_until_stopped(); });
  return ok();
}

Result<void> FanSubscribers::watch(Subscriber& subscriber) {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.ptr = &subscriber;
  if (::epoll_ctl(epoll_, EPOLL_CTL_ADD, subscriber.fd(), &event) != 0) return failed("epoll_ctl");
  return ok();
}

void FanSubscribers::end() {
  stopped_.store(true);
  if (thread_.joinable()) thread_.join();
  if (epoll_ >= 0) ::close(epoll_);
  epoll_ = -1;
}

void FanSubscribers::receive_until_stopped() {
  while (!stopped_.load(std::memory_order_relaxed)) {
    const auto outcome = receive_round();
    if (outcome.has_value()) continue;
    const std::lock_guard lock(mutex_);
    failure_ = outcome.error();
    happened_.notify_all();
    return;
  }
}

Result<void> FanSubscribers::receive_round() {
  constexpr int kWakeToStopMs = 50;
  std::array<epoll_event, 256> events{};
  const int ready = ::epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), kWakeToStopMs);
  if (ready < 0 && errno != EINTR) return failed("epoll_wait");
  for (int i = 0; i < ready; ++i) {
    now_ = SteadyClock::now();
    taken_ = 0;
    LEAT_TRY(static_cast<Subscriber*>(events[static_cast<std::size_t>(i)].data.ptr)->receive(*this));
    const std::uint64_t delivered = delivered_.load(std::memory_order_relaxed) + taken_;
    delivered_.store(delivered);
    // The waiter stores what it awaits before it looks at what was delivered: one of the two sees the other.
    if (taken_ > 0 && delivered >= awaited_.load()) {
      const std::lock_guard lock(mutex_);
      happened_.notify_all();
    }
  }
  return ok();
}

void FanSubscribers::take(ByteSpan value) {
  const auto stamp = tool::Stamp::read(value);
  if (!stamp || stamp->run != run_) return;
  ++taken_;
  if (stamp->intended_ns == 0) return;
  latency_ns_.record(static_cast<std::uint64_t>(std::max<std::int64_t>(0, now_.time_since_epoch().count() - stamp->intended_ns)));
  ++figures_.deliveries;
  figures_.size_bytes += value.size();
  figures_.last = now_;
}

Result<bool> FanSubscribers::wait_for(std::uint64_t deliveries, Time deadline) {
  std::unique_lock lock(mutex_);
  awaited_.store(deliveries);
  const bool in_time = happened_.wait_until(lock, deadline, [&] { return failure_ || delivered_.load() >= deliveries; });
  awaited_.store(std::numeric_limits<std::uint64_t>::max());
  if (failure_) return *failure_;
  return in_time;
}

}  // namespace leat::load
