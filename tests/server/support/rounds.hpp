#pragma once

#include <future>

#include "server/broker/shard.hpp"

namespace leat::server {

/// Returns behind the end of a round that had not ended at the call, with what was deferred before. Not the shard's own thread.
/// Waiting for a handler is less: those that are ready together share a round.
inline void await_round_end(Shard& shard) {
  std::promise<void> done;
  shard.post([&] { shard.defer([&] { done.set_value(); }); });
  done.get_future().wait();
}

}  // namespace leat::server
