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
  std::shared_ptr<asio::io_context> context = std::make_shared<asio::io_context>(1);
  asio::executor_work_guard<asio::io_context::executor_type> work{context->get_executor()};
  std::shared_ptr<client::ExecutorGate> gate;
  std::thread thread;
};

Client::Client(ClientOptions options) : own_thread_(std::make_unique<OwnThread>()) {
  // One thread runs the context, so that it is its own strand.
  const auto executor = own_thread_->context->get_executor();
  own_thread_->gate = std::make_shared<client::ExecutorGate>(client::ExecutorGate::Executors{
      executor, executor, [executor] { return executor.running_in_this_thread(); }, own_thread_->context});
  core_ = std::make_shared<client::Core>(own_thread_->gate, std::move(options));
  core_->open();
  own_thread_->thread = std::thread([context = own_thread_->context] { context->run(); });
}

Client::Client(asio::any_io_executor executor, ClientOptions options) {
  const auto strand = asio::make_strand(executor);
  core_ = std::make_shared<client::Core>(
      std::make_shared<client::ExecutorGate>(client::ExecutorGate::Executors{
          strand, std::move(executor), [strand] { return strand.running_in_this_thread(); }, nullptr}),
      std::move(options));
  core_->open();
}

Client::~Client() {
  core_->close();
  if (!own_thread_) return;
  core_->assert_may_block();
  own_thread_->gate->shut();
  own_thread_->work.reset();
  own_thread_->thread.join();
}

void Client::start_connect(client::Core& core, Handler<ServerInfo> handler) {
  const auto waiter = std::make_shared<client::Completion<ServerInfo>>(core.completion(std::move(handler)));
  const bool begun = core.post([self = core.shared_from_this(), waiter] { self->wait_connected(std::move(*waiter)); });
  if (!begun) waiter->post(client::Core::gone());
}

Result<ServerInfo> Client::connect() {
  core_->assert_may_block();
  return client::wait_for<ServerInfo>([&](auto handler) { start_connect(*core_, std::move(handler)); });
}

void Client::close() { core_->close(); }

bool Client::is_connected() const { return core_->is_connected(); }

asio::any_io_executor Client::get_executor() const { return core_->handler_executor(); }

}  // namespace leat
