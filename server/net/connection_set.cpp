#include "server/net/connection_set.hpp"

namespace leat::server {

bool ConnectionSet::add(Shard& shard, std::shared_ptr<OpenConnection> connection) {
  {
    const std::lock_guard lock(mutex_);
    if (stopping_) return false;
    ++open_;
  }
  of_shard_[shard.number()].insert(std::move(connection));
  return true;
}

void ConnectionSet::remove(Shard& shard, const std::shared_ptr<OpenConnection>& connection) {
  if (of_shard_[shard.number()].erase(connection) == 0) return;
  const std::lock_guard lock(mutex_);
  --open_;
  one_less_.notify_all();
}

void ConnectionSet::on_each(void (OpenConnection::*action)()) {
  for (const auto& shard : shards_) {
    shard->post([this, number = shard->number(), action] {
      const auto connections = of_shard_[number];  // they leave the set while they are told
      for (const auto& connection : connections) ((*connection).*action)();
    });
  }
}

std::size_t ConnectionSet::stop(std::chrono::milliseconds deadline) {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  on_each(&OpenConnection::drain);
  std::unique_lock lock(mutex_);
  const auto none_left = [this] { return open_ == 0; };
  if (one_less_.wait_for(lock, deadline, none_left)) return 0;
  const std::size_t cut_off = open_;
  lock.unlock();
  on_each(&OpenConnection::close);
  lock.lock();
  one_less_.wait(lock, none_left);
  return cut_off;
}

std::size_t ConnectionSet::size() const {
  const std::lock_guard lock(mutex_);
  return open_;
}

}  // namespace leat::server
