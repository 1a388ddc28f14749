#pragma once

#include <functional>
#include <memory>

#include "server/broker/shard.hpp"
#include "server/net/byte_budget.hpp"

namespace leat::server {

/// What one session may have on its way to its peer: a few bytes in any case, and more with a share of what all sessions together
/// may. One shard.
class SendRoom {
 public:
  /// So that small answers never wait for other peers.
  static constexpr std::size_t kFreeBytes = 8U << 10;

  /// `granted` is called when has_room() said no and there is room now.
  SendRoom(const std::shared_ptr<ByteBudget>& sending, Shard& shard, std::function<void()> granted);
  ~SendRoom() { close(); }
  SendRoom(const SendRoom&) = delete;
  SendRoom& operator=(const SendRoom&) = delete;

  /// Whether `bytes`, in total, may be on their way; otherwise the session stands in line for them.
  bool has_room(std::size_t bytes);
  /// What may be on its way without another share.
  [[nodiscard]] std::size_t allowed_bytes() const;
  /// Others wait in the line that this session is in, or has left with a share.
  [[nodiscard]] bool keeps_others_waiting() const;
  /// Brings the share in line with what is on its way.
  void settle(std::size_t bytes);
  /// What was granted later comes to nothing.
  void stop_waiting();
  void close();
  [[nodiscard]] std::size_t share_bytes() const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace leat::server
