#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>

#include "server/support/batches.hpp"
#include "server/support/raw_client.hpp"
#include "simulation/temporary_directory.hpp"
#include "system/daemon.hpp"

namespace leat::system_test {
namespace {

namespace fs = std::filesystem;
using native::TopicPartition;
using server::RawClient;

constexpr std::size_t kBatchBytes = 100'000;
constexpr std::int64_t kBatchesMax = 2000;  // more than fit

/// A file system of its own.
class SmallDisk {
 public:
  SmallDisk(const fs::path& at, const std::string& size) : at_(at) {
    fs::create_directory(at);
    mounted_ = ::geteuid() == 0 && run({"mount", "-t", "tmpfs", "-o", "size=" + size, "none", at.string()}).exit_code == 0;
  }
  ~SmallDisk() {
    if (mounted_) run({"umount", "--lazy", at_.string()});
  }
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;
  [[nodiscard]] bool is_mounted() const { return mounted_; }

 private:
  const fs::path at_;
  bool mounted_ = false;
};

class DiskFull : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!disk_.is_mounted()) GTEST_SKIP() << "mounting a small file system takes root";
    options_.data = mount_point() / "data";
  }
  [[nodiscard]] fs::path mount_point() const { return directory_.path() / "disk"; }

  static RawClient connect(const Daemon& daemon) {
    RawClient client(daemon.port());
    client.hello();
    return client;
  }
  static TopicPartition create(RawClient& client, const std::string& name) {
    const native::CreateTopic request{name, 1, {{"segment.bytes", "1000000"}}};
    return {client.ask_for<native::TopicReply>(request).value().topic.id, PartitionId(0)};
  }
  static std::vector<std::byte> numbered_batch(std::int64_t number) {
    return server::batch_of({std::to_string(number) + " " + std::string(kBatchBytes, '.')});
  }
  /// Publishes batches from `number` on while they are accepted; the error that ended it.
  static Errc publish_until_refused(RawClient& client, const TopicPartition& target, std::int64_t& number) {
    for (; number < kBatchesMax; ++number) {
      const auto ack = client.publish(target, numbered_batch(number));
      if (ack.has_error()) return ack.error().code;
      EXPECT_EQ(ack->base_offset, Offset(number));
    }
    return {};
  }
  static void expect_all_there(RawClient& client, const TopicPartition& target, std::int64_t end) {
    Offset next;
    while (next < Offset(end)) {
      const server::Frame frame = client.ask(native::Read{target, next, 1 << 20});
      ASSERT_EQ(frame.error_code(), Errc{}) << std::get<native::ErrorReply>(frame.message).message;
      for (const server::StoredRecord& record : server::records_of(frame.payload)) {
        ASSERT_EQ(record.offset, next);
        ASSERT_TRUE(record.value.starts_with(std::to_string(next.value()) + " "));
        next += 1;
      }
    }
  }

  simulation::TemporaryDirectory directory_;
  SmallDisk disk_{mount_point(), "80m"};
  DaemonOptions options_;
};

TEST_F(DiskFull, PublishingIsRefusedWhileReadingAndDeletingGoOnAndResumesByItself) {
  options_.environment = small_storage();
  options_.environment.back() = "LEAT_STORAGE_DISK_RESERVE_BYTES=16MiB";
  std::int64_t published = 0;
  TopicPartition orders;
  {
    Daemon daemon(options_);
    RawClient client = connect(daemon);
    const TopicPartition old = create(client, "old");
    orders = create(client, "orders");
    for (std::int64_t i = 0; i < 150; ++i) ASSERT_TRUE(client.publish(old, numbered_batch(i)).has_value());
    ASSERT_EQ(publish_until_refused(client, orders, published), Errc::storage_full);
    ASSERT_GT(published, 0);
    expect_all_there(client, old, 150);
    expect_all_there(client, orders, published);
    const auto deleted = client.ask_for<native::Done>(native::DeleteTopic{"old"});
    ASSERT_TRUE(deleted.has_value()) << deleted.error().message();
    const std::int64_t before = published;
    while (published < before + 20) ASSERT_EQ(publish_until_refused(client, orders, published), Errc::storage_full) << published;
    expect_all_there(client, orders, published);
    EXPECT_EQ(daemon.stop(), 0) << daemon.process().output();
  }
  Daemon again(options_);
  RawClient client = connect(again);
  expect_all_there(client, orders, published);
}

TEST_F(DiskFull, AStartOnADiskThatOthersFilledLosesNothing) {
  options_.environment = small_storage();
  options_.environment.back() = "LEAT_STORAGE_DISK_RESERVE_BYTES=1MiB";
  const fs::path ballast = mount_point() / "ballast";
  std::int64_t published = 0;
  TopicPartition orders;
  {
    Daemon daemon(options_);
    RawClient client = connect(daemon);
    orders = create(client, "orders");
    for (; published < 50; ++published) ASSERT_TRUE(client.publish(orders, numbered_batch(published)).has_value());
    std::ofstream others(ballast, std::ios::binary);
    const std::string piece(100'000, '.');
    while (others.write(piece.data(), static_cast<std::streamsize>(piece.size())).flush()) continue;
    ASSERT_EQ(publish_until_refused(client, orders, published), Errc::storage_full);
    expect_all_there(client, orders, published);
    daemon.kill();
  }
  const Finished full = run({"timeout", "--preserve-status", "--signal=TERM", "5", LEATD_PROGRAM, "--data",
                             options_.data.string(), "--listen", "127.0.0.1:0"},
                            options_.environment);
  if (full.exit_code != 0) {
    EXPECT_EQ(full.exit_code, 1) << full.output;
    EXPECT_THAT(full.output, ::testing::HasSubstr("o space"));
  }
  fs::remove(ballast);
  Daemon roomy(options_);
  RawClient client = connect(roomy);
  expect_all_there(client, orders, published);
  // Whether the one that was refused last came in is open; the offsets go on without a gap.
  const auto ack = client.publish(orders, numbered_batch(published));
  ASSERT_TRUE(ack.has_value()) << ack.error().message();
  EXPECT_EQ(ack->base_offset, Offset(published));
}

}  // namespace
}  // namespace leat::system_test
