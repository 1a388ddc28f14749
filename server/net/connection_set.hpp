#pragma once

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <span>
#include <unordered_set>
#include <vector>

#include "server/broker/shard.hpp"

namespace leat::server {

/// A connection as its listener sees it; on its shard.
class OpenConnection {
 public:
  virtual ~OpenConnection() = default;
  /// No more requests are taken; it closes itself when those that it has are answered.
  virtual void drain() = 0;
  virtual void close() = 0;
};

/// The connections of one listener, each kept alive until it has ended.
class ConnectionSet {
 public:
  explicit ConnectionSet(std::span<const std::unique_ptr<Shard>> shards) : shards_(shards), of_shard_(shards.size()) {}

  /// On the shard. False once stop() was called: such a connection came too late to be told.
  bool add(Shard& shard, std::shared_ptr<OpenConnection> connection);
  /// On the shard.
  void remove(Shard& shard, const std::shared_ptr<OpenConnection>& connection);
  /// Any other thread, the shards running: lets every connection finish, and cuts off what has not by the deadline. Says how many
  /// that were.
  std::size_t stop(std::chrono::milliseconds deadline);
  /// Any thread.
  [[nodiscard]] std::size_t size() const;

 private:
  void on_each(void (OpenConnection::*action)());

  const std::span<const std::unique_ptr<Shard>> shards_;
  std::vector<std::unordered_set<std::shared_ptr<OpenConnection>>> of_shard_;  ///< each that shard's own
  mutable std::mutex mutex_;
  std::condition_variable one_less_;
  std::size_t open_ = 0;
  bool stopping_ = false;
};

}  // namespace leat::server
