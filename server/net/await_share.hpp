#pragma once

#include <boost/asio/awaitable.hpp>
#include <memory>

#include "server/broker/shard.hpp"
#include "server/net/byte_budget.hpp"

namespace leat::server {

/// For coroutines on a shard: a share of the budget, in the order of asking. It comes in any case, as everybody who holds one has
/// a deadline; a coroutine whose connection has ended meanwhile drops it. With `ticket`, which is the place in the line while it
/// waits and 0 else, it may be given up: nothing comes then.
boost::asio::awaitable<ByteBudget::Share> await_share(std::shared_ptr<ByteBudget> budget, std::size_t bytes, Shard& shard,
                                                      ByteBudget::Ticket* ticket = nullptr);

}  // namespace leat::server
