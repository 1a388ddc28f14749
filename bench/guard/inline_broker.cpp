#include "bench/guard/inline_broker.hpp"

#include <sys/socket.h>

#include <array>
#include <cerrno>

#include "server/config/logging.hpp"
#include "server/session/native_session.hpp"
#include "storage/io/io_error.hpp"

namespace leat::bench {
namespace {

/// What one round brings has to fit the sockets, or the count would depend on what the kernel makes of it.
constexpr int kSocketBytes = 208 << 10;
/// A broker under valgrind is slow.
constexpr server::ConnectionTimeouts kTimeouts{std::chrono::hours(24), std::chrono::hours(24), std::chrono::hours(24)};

server::BrokerOptions options(std::size_t tail_bytes_max) {
  server::BrokerOptions options;
  options.store.data_dir = "/data";
  options.store.journal = {.file_bytes = 4U << 20, .files_max = 4};
  options.store.queue.tail_bytes_max = tail_bytes_max;
  options.blocking_threads = 1;
  return options;
}

Result<void> set_buffer(int socket) {
  int bytes = kSocketBytes;
  socklen_t length = sizeof bytes;
  ::setsockopt(socket, SOL_SOCKET, SO_SNDBUF, &bytes, length);
  // The kernel tells twice of what it was asked for.
  if (::getsockopt(socket, SOL_SOCKET, SO_SNDBUF, &bytes, &length) == 0 && bytes == 2 * kSocketBytes) return ok();
  return Error(Errc::io_error, "sockets take too little on this machine: net.core.wmem_max");
}

}  // namespace

Result<std::unique_ptr<InlineBroker>> InlineBroker::start(std::size_t tail_bytes_max) {
  server::LogConfig quiet;
  quiet.level = server::LogLevel::warn;
  LEAT_TRY(server::log::open(quiet));
  std::unique_ptr<InlineBroker> self(new InlineBroker(std::make_unique<MemoryDisk>()));
  LEAT_ASSIGN(self->broker_, server::Broker::open(*self->disk_, self->clock_, self->random_, options(tail_bytes_max)));
  self->memory_ = server::make_network_memory(64U << 20, 64U << 20);
  self->shard().adopt_this_thread();
  LEAT_TRY(self->maintain());
  return self;
}

InlineBroker::~InlineBroker() {
  if (!broker_) return;
  for (const auto& connection : connections_) connection->close();
  connections_.clear();
  shard().poll();  // their last words
  // What is in memory needs no orderly end.
}

Result<native::TopicPartition> InlineBroker::create_topic(const std::string& name) {
  LEAT_ASSIGN(const server::TopicEntryPtr topic, broker_->create_topic({name, 1, {}}));
  shard().poll();  // the partition comes to its shard
  return topic->partitions.front()->id();
}

Result<storage::FileDescriptor> InlineBroker::connect() {
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends.data()) != 0) {
    return storage::io_error("create", "socket pair", errno);
  }
  storage::FileDescriptor peer(ends[1]);
  boost::asio::ip::tcp::socket socket(shard().io());
  // Asio asks no more of it than that it is a stream.
  socket.assign(boost::asio::ip::tcp::v4(), ends[0]);
  for (const int end : ends) LEAT_TRY(set_buffer(end));
  const auto connection = std::make_shared<server::TcpConnection>(std::move(socket), shard(), memory_.receiving, kTimeouts);
  connections_.push_back(connection);
  connection->start(
      std::make_shared<server::NativeSession>(*broker_, shard(), *connection, memory_.sending, server::NativeSessionOptions{}),
      [] {});
  return peer;
}

Result<bool> InlineBroker::step_store() {
  storage::CommitListener& listener = *broker_;
  LEAT_ASSIGN(const auto journaled, broker_->store().journal_one());
  if (journaled) listener.on_durable(*journaled);
  LEAT_ASSIGN(const auto written, broker_->store().write_one());
  if (written) listener.on_written(*written);
  return journaled || written;
}

Result<void> InlineBroker::serve() {
  for (bool busy = true; busy;) {
    const bool handled = shard().poll();
    LEAT_ASSIGN(const bool stepped, step_store());
    busy = handled || stepped;
  }
  for (const auto& connection : connections_) {
    if (connection->unsent_bytes() > 0) return Error(Errc::internal, "a socket took less than a round brings");
  }
  return ok();
}

[[gnu::noinline]] Result<void> InlineBroker::serve_counted() {
  Result<void> served = serve();
  asm volatile("" ::: "memory");  // no jump into serve(): the count would end with it
  return served;
}

Result<void> InlineBroker::maintain() {
  storage::Store& store = broker_->store();
  LEAT_TRY(store.prepare_journal());
  return store.wants_checkpoint() ? store.checkpoint() : ok();
}

}  // namespace leat::bench
