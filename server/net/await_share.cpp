#include "server/net/await_share.hpp"

#include <boost/asio/async_result.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace leat::server {

boost::asio::awaitable<ByteBudget::Share> await_share(std::shared_ptr<ByteBudget> budget, std::size_t bytes, Shard& shard) {
  co_return co_await boost::asio::async_initiate<decltype(boost::asio::use_awaitable), void(ByteBudget::Share)>(
      [&](auto handler) {
        auto waiting = std::make_shared<decltype(handler)>(std::move(handler));
        budget->wait(bytes, [waiting, &shard](ByteBudget::Ticket, ByteBudget::Share share) {
          shard.post([waiting, share = std::move(share)]() mutable { (*waiting)(std::move(share)); });
        });
      },
      boost::asio::use_awaitable);
}

}  // namespace leat::server
