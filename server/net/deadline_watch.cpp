#include "server/net/deadline_watch.hpp"

namespace leat::server {

void DeadlineWatch::start(std::weak_ptr<void> owner, std::function<Time()> earliest, std::function<void()> passed) {
  owner_ = std::move(owner);
  earliest_ = std::move(earliest);
  passed_ = std::move(passed);
}

void DeadlineWatch::look() {
  if (!earliest_) return;
  const Time next = earliest_();
  if (next >= armed_for_) return;
  armed_for_ = next;
  timer_.expires_at(next);
  timer_.async_wait([this, weak = owner_](const boost::system::error_code& error) {
    const auto owner = weak.lock();
    if (error || !owner || !earliest_) return;
    armed_for_ = kNever;
    if (earliest_() <= std::chrono::steady_clock::now()) return passed_();
    look();
  });
}

void DeadlineWatch::stop() {
  earliest_ = nullptr;
  timer_.cancel();
}

}  // namespace leat::server
