#include "server/net/connection_limiter.hpp"

#include "protocol/base/assert.hpp"

namespace leat::server {

bool ConnectionLimiter::enter(const boost::asio::ip::address& address) {
  const std::lock_guard lock(mutex_);
  if (connections_ >= connections_max_) return false;
  const auto found = by_address_.find(address);
  if (found != by_address_.end() && found->second >= per_address_max_) return false;
  ++by_address_[address];
  ++connections_;
  return true;
}

void ConnectionLimiter::leave(const boost::asio::ip::address& address) {
  const std::lock_guard lock(mutex_);
  const auto found = by_address_.find(address);
  LEAT_ASSERT(found != by_address_.end() && connections_ > 0);
  if (--found->second == 0) by_address_.erase(found);
  --connections_;
}

std::size_t ConnectionLimiter::connections() const {
  const std::lock_guard lock(mutex_);
  return connections_;
}

}  // namespace leat::server
