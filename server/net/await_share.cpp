#include "server/net/await_share.hpp"

#include <boost/asio/async_result.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace leat::server {

boost::asio::awaitable<ByteBudget::Share> await_share(std::shared_ptr<ByteBudget> budget, std::size_t bytes, Shard& shard,
                                                      ByteBudget::Ticket* ticket) {
  auto share = co_await boost::asio::async_initiate<decltype(boost::asio::use_awaitable), void(ByteBudget::Share)>(
      [&](auto handler) {
        auto waiting = std::make_shared<decltype(handler)>(std::move(handler));
        // The shard's own thread is here: what is posted runs when the ticket is known.
        const ByteBudget::Ticket own = budget->wait(bytes, [waiting, &shard](ByteBudget::Ticket, ByteBudget::Share granted) {
          shard.post([waiting, granted = std::move(granted)]() mutable { (*waiting)(std::move(granted)); });
        });
        if (ticket != nullptr) *ticket = own;
      },
      boost::asio::use_awaitable);
  if (ticket != nullptr) *ticket = 0;
  co_return share;
}

}  // namespace leat::server
