#include "server/session/send_room.hpp"

#include <algorithm>

namespace leat::server {
namespace {

/// Not one share for each small answer.
constexpr std::size_t kShareBytesMin = 64U << 10;

}  // namespace

/// Apart, as what was granted may arrive when the session is gone.
struct SendRoom::State {
  std::shared_ptr<ByteBudget> sending;
  Shard& shard;
  std::function<void()> granted;
  ByteBudget::Share share;
  ByteBudget::Ticket waiting = 0;
};

SendRoom::SendRoom(const std::shared_ptr<ByteBudget>& sending, Shard& shard, std::function<void()> granted)
    : state_(std::make_shared<State>(State{sending, shard, std::move(granted), sending->none(), 0})) {}

std::size_t SendRoom::allowed_bytes() const { return std::max(kFreeBytes, state_->share.bytes()); }

bool SendRoom::has_room(std::size_t bytes) {
  if (bytes <= allowed_bytes()) return true;
  if (state_->waiting != 0) return false;
  const std::size_t missing = std::max(bytes - state_->share.bytes(), kShareBytesMin);
  if (ByteBudget::Share share = state_->sending->take(missing)) {
    state_->share.add(std::move(share));
    return true;
  }
  state_->waiting = state_->sending->wait(
      missing, [weak = std::weak_ptr(state_), &shard = state_->shard](ByteBudget::Ticket, ByteBudget::Share share) {
        shard.post([weak, share = std::move(share)]() mutable {
          const auto state = weak.lock();
          if (!state || state->waiting == 0) return;
          state->waiting = 0;
          state->share.add(std::move(share));
          state->granted();
        });
      });
  return false;
}

bool SendRoom::keeps_others_waiting() const {
  return (state_->share || state_->waiting != 0) && state_->sending->has_waiting(state_->waiting);
}

void SendRoom::settle(std::size_t bytes) { state_->share.resize(bytes <= kFreeBytes ? 0 : bytes); }

void SendRoom::stop_waiting() {
  if (state_->waiting != 0) state_->sending->cancel(std::exchange(state_->waiting, 0));
}

std::size_t SendRoom::share_bytes() const { return state_->share.bytes(); }

void SendRoom::close() {
  stop_waiting();
  state_->share.resize(0);
}

}  // namespace leat::server
