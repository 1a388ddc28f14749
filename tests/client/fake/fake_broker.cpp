#include "tests/client/fake/fake_broker.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <chrono>
#include <cstdlib>
#include <string_view>

#include "protocol/base/random.hpp"

namespace leat::testing {

using boost::asio::ip::tcp;

namespace {

bool wants_web_sockets() {
  const char* const transport = std::getenv("LEAT_TEST_TRANSPORT");
  return transport != nullptr && std::string_view(transport) == "ws";
}

}  // namespace

FakeBroker::FakeBroker()
    : web_sockets_(wants_web_sockets()), acceptor_(context_, tcp::endpoint(boost::asio::ip::address_v4::loopback(), 0)) {
  accept();
  thread_ = std::thread([this] { context_.run(); });
}

FakeBroker::~FakeBroker() {
  boost::asio::post(context_, [this] {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    acceptor_.close();
    for (const auto& session : std::vector(sessions_)) session->close();
  });
  thread_.join();
}

std::string FakeBroker::url() const {
  return (web_sockets_ ? "ws://127.0.0.1:" : "leat://127.0.0.1:") + std::to_string(acceptor_.local_endpoint().port());
}

void FakeBroker::accept() {
  acceptor_.async_accept([this](const boost::system::error_code& problem, tcp::socket socket) {
    const std::lock_guard lock(mutex_);
    if (problem || stopping_) return;
    ++connections_;
    if (accepting_) {
      sessions_.push_back(std::make_shared<FakeSession>(std::move(socket), *this, web_sockets_));
      sessions_.back()->start();
    }
    happened_.notify_all();
    accept();
  });
}

void FakeBroker::forget(FakeSession& session) {
  std::erase_if(sessions_, [&](const auto& known) { return known.get() == &session; });
  happened_.notify_all();
}

TopicId FakeBroker::add_topic(const std::string& name, int partitions) {
  const std::lock_guard lock(mutex_);
  SystemRandom random;
  Topic& topic = topics_[name];
  topic = {Uuid::random(random), std::vector<FakePartition>(static_cast<std::size_t>(partitions)), {}};
  return topic.id;
}

void FakeBroker::remove_topic(const std::string& name) {
  const std::lock_guard lock(mutex_);
  topics_.erase(name);
}

void FakeBroker::on_publish(PublishHook hook) {
  const std::lock_guard lock(mutex_);
  publish_hook_ = std::move(hook);
}

void FakeBroker::on_request(RequestHook hook) {
  const std::lock_guard lock(mutex_);
  request_hook_ = std::move(hook);
}

void FakeBroker::set_message_bytes_max(const std::string& topic, std::size_t bytes) {
  const std::lock_guard lock(mutex_);
  find(topic)->message_bytes_max = bytes;
}

void FakeBroker::set_subscriptions_max(std::size_t subscriptions) {
  const std::lock_guard lock(mutex_);
  subscriptions_max_ = subscriptions;
}

void FakeBroker::set_in_flight_bytes_max(std::uint32_t bytes) {
  const std::lock_guard lock(mutex_);
  in_flight_bytes_max_ = bytes;
}

void FakeBroker::set_frame_bytes_max(std::uint32_t bytes) {
  const std::lock_guard lock(mutex_);
  frame_bytes_max_ = bytes;
}

void FakeBroker::drop_connections() {
  const std::lock_guard lock(mutex_);
  for (const auto& session : std::vector(sessions_)) session->close();
}

void FakeBroker::accept_connections(bool accept) {
  const std::lock_guard lock(mutex_);
  accepting_ = accept;
}

void FakeBroker::release_acks() {
  const std::lock_guard lock(mutex_);
  for (const auto& session : sessions_) {
    if (!session->withheld.empty()) session->send(native::PublishAcks{std::exchange(session->withheld, {})}, 0);
  }
}

void FakeBroker::end_subscriptions(Errc code, const std::string& message) {
  const std::lock_guard lock(mutex_);
  for (const auto& session : sessions_) {
    for (const auto& [number, subscription] : std::exchange(session->subscriptions, {})) {
      session->send(native::SubscriptionEnded{number, code, message}, 0);
    }
  }
}

void FakeBroker::append_raw(const std::string& topic, int partition, std::vector<std::byte> bytes, std::int64_t records) {
  const std::lock_guard lock(mutex_);
  find(topic)->partitions[static_cast<std::size_t>(partition)].append_raw(std::move(bytes), records);
  deliver_all();
}

void FakeBroker::with_partition(const std::string& topic, int partition, const std::function<void(FakePartition&)>& change) {
  const std::lock_guard lock(mutex_);
  change(find(topic)->partitions[static_cast<std::size_t>(partition)]);
}

std::vector<std::string> FakeBroker::values(const std::string& topic, int partition) const {
  const std::lock_guard lock(mutex_);
  return topics_.at(topic).partitions[static_cast<std::size_t>(partition)].values();
}

std::vector<SeenPublish> FakeBroker::publishes() const {
  const std::lock_guard lock(mutex_);
  return publishes_;
}

int FakeBroker::connections() const {
  const std::lock_guard lock(mutex_);
  return connections_;
}

int FakeBroker::requests_seen() const {
  const std::lock_guard lock(mutex_);
  return requests_;
}

std::int64_t FakeBroker::delivered_bytes() const {
  const std::lock_guard lock(mutex_);
  return delivered_bytes_;
}

void FakeBroker::wait_until(const std::function<bool()>& predicate) {
  std::unique_lock lock(mutex_);
  ASSERT_TRUE(happened_.wait_for(lock, std::chrono::seconds(60), predicate)) << "the broker waited in vain";
}

void FakeBroker::wait_for_publishes(std::size_t count) {
  wait_until([&] { return publishes_.size() >= count; });
}

void FakeBroker::wait_for_connections(int count) {
  wait_until([&] { return connections_ >= count; });
}

FakeBroker::Topic* FakeBroker::find(const std::string& name) {
  const auto found = topics_.find(name);
  return found == topics_.end() ? nullptr : &found->second;
}

std::pair<std::string, FakePartition*> FakeBroker::find(const native::TopicPartition& target) {
  for (auto& [name, topic] : topics_) {
    const auto index = static_cast<std::size_t>(target.partition.value());
    if (topic.id == target.topic && index < topic.partitions.size()) return {name, &topic.partitions[index]};
  }
  return {"", nullptr};
}

native::TopicInfo FakeBroker::describe(const std::string& name, const Topic& topic) const {
  native::TopicInfo info{name, topic.id, {}, {}};
  for (std::size_t i = 0; i < topic.partitions.size(); ++i) {
    const FakePartition& partition = topic.partitions[i];
    info.partitions.push_back({PartitionId(static_cast<std::int32_t>(i)), partition.log_start(), partition.high_watermark(), 0});
  }
  if (topic.message_bytes_max) info.settings.push_back({"max.message.bytes", std::to_string(*topic.message_bytes_max), false});
  return info;
}

}  // namespace leat::testing
