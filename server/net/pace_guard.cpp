#include "server/net/pace_guard.hpp"

#include <boost/asio/steady_timer.hpp>

#include "server/config/log_throttle.hpp"
#include "server/config/logging.hpp"
#include "server/net/pace.hpp"

namespace leat::server {

struct PaceGuard::State {
  State(boost::asio::io_context& io, Transfer watched) : timer(io), transfer(std::move(watched)) {}
  boost::asio::steady_timer timer;
  const Transfer transfer;
  Pace pace;
  bool ended = false;
};

PaceGuard::PaceGuard(boost::asio::io_context& io, Transfer transfer) : state_(std::make_shared<State>(io, std::move(transfer))) {
  state_->pace.begin(Pace::Time::clock::now(), state_->transfer.moved_bytes_total());
  look(state_);
}

PaceGuard::~PaceGuard() {
  state_->ended = true;
  state_->timer.cancel();
}

void PaceGuard::look(const std::shared_ptr<State>& state) {
  state->timer.expires_at(state->pace.check_at());
  state->timer.async_wait([state](const boost::system::error_code& error) {
    // A timer that went off before it was cancelled comes here without an error.
    if (error || state->ended) return;
    const Transfer& transfer = state->transfer;
    const bool kept = state->pace.kept(Pace::Time::clock::now(), transfer.moved_bytes_total(), transfer.held_bytes());
    if (!kept && transfer.others_wait()) return transfer.evict();
    look(state);
  });
}

void report_eviction(Shard& shard, const boost::asio::ip::tcp::socket& socket, std::size_t unsent_bytes,
                     std::size_t unfinished_bytes) {
  shard.metrics().connections_evicted.add(1);
  thread_local log::Throttle throttle;  // a line a second and shard
  const auto left_out = throttle.admit(Pace::Time::clock::now());
  if (!left_out) return;
  boost::system::error_code ignored;
  const auto peer = socket.remote_endpoint(ignored);
  log::warn("connection closed, others wait for memory that it is slow with",
            {{"peer", peer.address().to_string() + ":" + std::to_string(peer.port())},
             {"unsent_bytes", unsent_bytes},
             {"unfinished_bytes", unfinished_bytes},
             {"not_logged_before", *left_out}});
}

}  // namespace leat::server
