// Follows a topic from its beginning with a coroutine, on an io_context of the program's own.
//
//   subscribe [leat://HOST:PORT [RECORDS]]      ends after so many records, 10 when not given
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "leat/client.hpp"
#include "leat/consumer.hpp"

namespace asio = boost::asio;

/// co_await gives a Result: errors are values, and say what they are about.
asio::awaitable<int> follow(leat::Consumer& consumer, long records) {
  const auto subscribed = co_await consumer.async_subscribe("orders", leat::StartPosition::earliest(), asio::use_awaitable);
  if (subscribed.has_error()) {
    std::fprintf(stderr, "%s\n", subscribed.error().message().c_str());
    co_return 1;
  }
  while (records > 0) {
    // A batch holds records of one partition, in order. The broker sends ahead as far as there is credit; taking a batch
    // gives credit back.
    const auto batch = co_await consumer.async_next(asio::use_awaitable);
    if (batch.has_error()) {
      std::fprintf(stderr, "%s\n", batch.error().message().c_str());
      co_return 1;
    }
    for (const leat::RecordView& record : *batch) {
      if (records-- <= 0) break;
      const std::string key(record.key ? leat::as_text(*record.key) : "");
      const std::string value(record.value ? leat::as_text(*record.value) : "null");
      std::printf("%d/%lld %s %s\n", batch->partition().value(), static_cast<long long>(record.offset.value()), key.c_str(),
                  value.c_str());
    }
  }
  co_return 0;
}

int main(int argc, char** argv) {
  asio::io_context context;
  leat::Client client(context.get_executor(), leat::ClientOptions{.url = argc > 1 ? argv[1] : "leat://127.0.0.1:7420"});
  leat::Consumer consumer(client);
  int status = 1;
  asio::co_spawn(context, follow(consumer, argc > 2 ? std::atol(argv[2]) : 10),
                 [&](const std::exception_ptr& problem, int result) {
                   status = problem ? 1 : result;
                   client.close();  // nothing keeps the io_context running any more
                 });
  context.run();
  return status;
}
