#pragma once

#include <boost/asio/ip/address.hpp>
#include <cstddef>
#include <map>
#include <mutex>

namespace leat::server {

/// Counts connections, all together and from each address. Any thread.
class ConnectionLimiter {
 public:
  ConnectionLimiter(std::size_t connections_max, std::size_t per_address_max)
      : connections_max_(connections_max), per_address_max_(per_address_max) {}

  /// False when there is no room for another one; otherwise leave() is owed.
  bool enter(const boost::asio::ip::address& address);
  void leave(const boost::asio::ip::address& address);
  [[nodiscard]] std::size_t connections() const;

 private:
  const std::size_t connections_max_;
  const std::size_t per_address_max_;
  mutable std::mutex mutex_;
  std::size_t connections_ = 0;
  std::map<boost::asio::ip::address, std::size_t> by_address_;
};

}  // namespace leat::server
