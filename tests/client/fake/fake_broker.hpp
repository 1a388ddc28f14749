#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <condition_variable>
#include <functional>
#include <limits>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "tests/client/fake/fake_partition.hpp"
#include "tests/client/fake/fake_session.hpp"

namespace leat::testing {

/// What the broker does with a publish.
struct PublishAction {
  enum class Kind {
    store,
    store_and_withhold,  ///< the acknowledgement waits for release_acks()
    store_and_drop,      ///< the connection is lost between the commit and its acknowledgement
    drop,                ///< the connection is lost before the commit
    refuse,
    ignore,  ///< neither stored nor answered
  };
  Kind kind = Kind::store;
  Errc code = Errc::internal;
  bool retriable = false;

  static PublishAction refuse(Errc code) { return {Kind::refuse, code, is_retriable(code)}; }
};

enum class RequestAction { answer, drop, ignore, refuse_internal, refuse_overloaded };

/// A broker in the test's process: the native protocol over a real socket on the loopback, within WebSockets where the
/// environment says LEAT_TEST_TRANSPORT=ws, batches in memory, and misbehaviour on request. A thread of its own; every public
/// function from any thread. The hooks run on its thread, with its lock held.
class FakeBroker {
 public:
  using PublishHook = std::function<PublishAction(const SeenPublish&)>;
  using RequestHook = std::function<RequestAction(const native::Message&)>;

  FakeBroker();
  ~FakeBroker();
  FakeBroker(const FakeBroker&) = delete;
  FakeBroker& operator=(const FakeBroker&) = delete;

  [[nodiscard]] std::string url() const;
  TopicId add_topic(const std::string& name, int partitions);
  void remove_topic(const std::string& name);
  void on_publish(PublishHook hook);
  void on_request(RequestHook hook);
  /// The topic's max.message.bytes, told and enforced from now on.
  void set_message_bytes_max(const std::string& topic, std::size_t bytes);
  /// Of one connection; more are refused with limit_reached.
  void set_subscriptions_max(std::size_t subscriptions);
  /// For the next clients and requests.
  void set_in_flight_bytes_max(std::uint32_t bytes);
  void set_frame_bytes_max(std::uint32_t bytes);

  void drop_connections();
  /// While false, whoever connects is disconnected at once.
  void accept_connections(bool accept);
  void release_acks();
  void end_subscriptions(Errc code, const std::string& message);
  void append_raw(const std::string& topic, int partition, std::vector<std::byte> bytes, std::int64_t records);
  void with_partition(const std::string& topic, int partition, const std::function<void(FakePartition&)>& change);

  [[nodiscard]] std::vector<std::string> values(const std::string& topic, int partition = 0) const;
  [[nodiscard]] std::vector<SeenPublish> publishes() const;
  [[nodiscard]] int connections() const;
  [[nodiscard]] int requests_seen() const;
  /// In all, to all subscriptions.
  [[nodiscard]] std::int64_t delivered_bytes() const;
  /// Blocks until the predicate, called with the lock held, is true after something happened. Fails the test if that takes
  /// forever.
  void wait_until(const std::function<bool()>& predicate);
  void wait_for_publishes(std::size_t count);
  void wait_for_connections(int count);

  // For FakeSession.
  std::mutex& mutex() const { return mutex_; }
  [[nodiscard]] std::uint32_t frame_bytes_max() const { return frame_bytes_max_; }
  void handle(FakeSession& session, const native::Decoded& decoded, ByteSpan payload);
  void forget(FakeSession& session);

 private:
  struct Topic {
    TopicId id;
    std::vector<FakePartition> partitions;
    std::optional<std::size_t> message_bytes_max;
  };

  void accept();
  void handle_publish(FakeSession& session, const native::Publish& publish, std::uint64_t correlation, ByteSpan payload);
  void handle_topics(FakeSession& session, const native::Message& message, std::uint64_t correlation);
  void handle_partition(FakeSession& session, const native::Message& message, std::uint64_t correlation);
  void handle_subscribe(FakeSession& session, const native::Subscribe& subscribe, std::uint64_t correlation);
  void deliver_all();
  void deliver(FakeSession& session, std::uint32_t number, FakeSession::Subscription& subscription);
  Topic* find(const std::string& name);
  std::pair<std::string, FakePartition*> find(const native::TopicPartition& target);
  [[nodiscard]] native::TopicInfo describe(const std::string& name, const Topic& topic) const;

  const bool web_sockets_;
  mutable std::mutex mutex_;
  std::condition_variable happened_;
  boost::asio::io_context context_;
  boost::asio::ip::tcp::acceptor acceptor_;
  std::map<std::string, Topic> topics_;
  std::vector<std::shared_ptr<FakeSession>> sessions_;
  PublishHook publish_hook_;
  RequestHook request_hook_;
  std::vector<SeenPublish> publishes_;
  int connections_ = 0;
  int requests_ = 0;
  bool accepting_ = true;
  bool stopping_ = false;
  std::uint32_t in_flight_bytes_max_ = 16 << 20;
  std::uint32_t frame_bytes_max_ = 8 << 20;
  std::size_t subscriptions_max_ = std::numeric_limits<std::size_t>::max();
  std::int64_t next_producer_ = 1000;
  std::int64_t delivered_bytes_ = 0;
  std::thread thread_;
};

}  // namespace leat::testing
