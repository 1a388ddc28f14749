#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <cstdint>
#include <functional>
#include <memory>

#include "server/broker/shard.hpp"

namespace leat::server {

/// Looks once a second, for as long as it lives, whether a peer gets on with what it keeps memory busy for (see Pace). For code
/// that waits in the middle of one transfer. One shard.
class PaceGuard {
 public:
  struct Transfer {
    std::function<std::uint64_t()> moved_bytes_total;
    std::function<std::size_t()> held_bytes;
    std::function<bool()> others_wait;
    std::function<void()> evict;
  };

  /// The functions are called while this lives.
  PaceGuard(boost::asio::io_context& io, Transfer transfer);
  ~PaceGuard();
  PaceGuard(const PaceGuard&) = delete;
  PaceGuard& operator=(const PaceGuard&) = delete;

 private:
  struct State;
  static void look(const std::shared_ptr<State>& state);
  std::shared_ptr<State> state_;
};

/// Counts and logs that a connection is closed because others wait for the memory it is slow with.
void report_eviction(Shard& shard, const boost::asio::ip::tcp::socket& socket, std::size_t unsent_bytes,
                     std::size_t unfinished_bytes);

}  // namespace leat::server
