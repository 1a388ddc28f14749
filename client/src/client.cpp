#include "leat/client.hpp"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/strand.hpp>
#include <thread>
#include <utility>

#include "client/src/completion.hpp"
#include "client/src/core.hpp"

namespace leat {

struct Client::OwnThread {
  asio::io_context context{1};
  asio::executor_work_guard<asio::io_context::executor_type> work{context.get_executor()};
  std::thread thread;
};

Client::Client(ClientOptions options) : own_thread_(std::make_unique<OwnThread>()) {
  // One thread runs the context, so that it is its own strand.
  const auto executor = own_thread_->context.get_executor();
  core_ = std::make_shared<client::Core>(
      client::Core::Executors{executor, executor, [executor] { return executor.running_in_this_thread(); }}, std::move(options));
  core_->open();
  own_thread_->thread = std::thread([&context = own_thread_->context] { context.run(); });
}

Client::Client(asio::any_io_executor executor, ClientOptions options) {
  const auto strand = asio::make_strand(executor);
  core_ = std::make_shared<client::Core>(
      client::Core::Executors{strand, std::move(executor), [strand] { return strand.running_in_this_thread(); }},
      std::move(options));
  core_->open();
}

Client::~Client() {
  core_->close();
  if (!own_thread_) return;
  core_->assert_may_block();
  own_thread_->work.reset();
  own_thread_->thread.join();
}

void Client::start_connect(client::Core& core, Handler<ServerInfo> handler) {
  asio::post(core.executor(), [self = core.shared_from_this(), waiter = core.completion(std::move(handler))]() mutable {
    self->wait_connected(std::move(waiter));
  });
}

Result<ServerInfo> Client::connect() {
  core_->assert_may_block();
  return client::wait_for<ServerInfo>([&](auto handler) { start_connect(*core_, std::move(handler)); });
}

void Client::close() { core_->close(); }

bool Client::is_connected() const { return core_->is_connected(); }

asio::any_io_executor Client::get_executor() const { return core_->handler_executor(); }

}  // namespace leat
