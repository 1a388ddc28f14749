#pragma once

#include <memory>
#include <vector>

#include "server/session/native_session.hpp"
#include "server/session/text_session.hpp"

namespace leat::server {

/// What the routes work with; lives as long as they. Any thread.
struct ApiContext {
  Broker& broker;
  std::shared_ptr<ByteBudget> receiving;
  std::shared_ptr<ByteBudget> sending;
  NativeSessionOptions native_session;
  TextSessionOptions text_session;
  std::vector<std::unique_ptr<TextBatches>> text_batches;  ///< by shard, each that shard's own

  [[nodiscard]] TextSessionContext text(Shard& shard) const { return {broker, shard, sending, *text_batches[shard.number()]}; }
};

}  // namespace leat::server
