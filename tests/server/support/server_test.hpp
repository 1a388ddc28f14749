#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "server/broker/broker.hpp"
#include "server/config/server_config.hpp"
#include "server/server.hpp"
#include "server/support/batches.hpp"
#include "server/support/raw_client.hpp"
#include "simulation/temporary_directory.hpp"

namespace leat::server {

/// A broker in this process on a fresh directory, small and with three threads, so that connections and partitions are on
/// different ones.
class ServerTest : public ::testing::Test {
 protected:
  ServerTest() {
    config.data_dir = (directory_.path() / "data").string();
    config.listen.native = "127.0.0.1:0";
    config.listen.http = "127.0.0.1:0";
    config.limits.threads = 3;
    config.storage.journal_file_bytes = 4 * kMiB;
    config.storage.journal_files_max = 4;
    config.storage.disk_reserve_bytes = 0;
  }
  ~ServerTest() override { server.reset(); }

  void start() { server = Server::start(config).value(); }
  void restart() {
    ASSERT_TRUE(server->stop().has_value());
    server.reset();
    start();
  }

  RawClient raw(int receive_buffer_bytes = 0) { return RawClient(server->native_port(), receive_buffer_bytes); }
  /// Connected, and the hellos exchanged.
  RawClient client(int receive_buffer_bytes = 0) {
    RawClient connected = raw(receive_buffer_bytes);
    connected.hello();
    return connected;
  }

  native::TopicInfo create(const std::string& name, std::int32_t partitions = 1,
                           const std::vector<native::Setting>& settings = {}) {
    return client().ask_for<native::TopicReply>(native::CreateTopic{name, partitions, settings}).value().topic;
  }
  /// A new topic's only partition.
  native::TopicPartition create_partition(const std::string& name, const std::vector<native::Setting>& settings = {}) {
    return {create(name, 1, settings).id, PartitionId(0)};
  }

  /// The broker does its main job for a client that behaves.
  void expect_serves_a_good_client() {
    RawClient good = client();
    const std::string name = "good-" + std::to_string(++good_topics_);
    const native::TopicPartition target = create_partition(name);
    const auto ack = good.publish(target, batch_of({"a", "b"}));
    ASSERT_TRUE(ack.has_value()) << ack.error().message();
    EXPECT_EQ(ack->base_offset, Offset(0));
    EXPECT_EQ(values_of(good.ask(native::Read{target, Offset(0), 1 << 20}).payload), (std::vector<std::string>{"a", "b"}));
  }

  ServerConfig config;
  std::unique_ptr<Server> server;

 private:
  simulation::TemporaryDirectory directory_;
  int good_topics_ = 0;
};

}  // namespace leat::server
