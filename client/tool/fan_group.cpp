#include "client/tool/fan_group.hpp"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <limits>
#include <variant>

#include "protocol/record/batch_iterator.hpp"

namespace leat::tool {
namespace {

constexpr std::uint32_t kConnectingMax = 100;
/// Small, as there are thousands; blocks beyond are made for larger batches.
constexpr std::size_t kReceiveBlockBytes = std::size_t{32} << 10;
constexpr std::size_t kKeptBlockBytesMax = std::size_t{64} << 20;
constexpr std::uint32_t kCreditBytes = std::uint32_t{1} << 20;

client::ConnectionOptions connection_options(client::Endpoint endpoint) {
  client::ConnectionOptions options;
  options.endpoint = std::move(endpoint);
  options.client_name = "leat bench fan";
  options.connect_timeout = std::chrono::seconds(30);
  options.ping_interval = std::chrono::seconds(60);
  options.receive_block_bytes = kReceiveBlockBytes;
  return options;
}

}  // namespace

/// One of them. The group's thread.
class FanSubscriber final : public client::ConnectionListener, public std::enable_shared_from_this<FanSubscriber> {
 public:
  explicit FanSubscriber(FanGroup& group) : group_(group), owed_bytes_(group.topic_.partitions.size()) {}

  void start() {
    connection_ =
        std::make_shared<client::Connection>(group_.context_.get_executor(), group_.options_, group_.blocks_, weak_from_this());
    connection_->start();
  }
  void close() { connection_->close(); }

  void on_open(const native::HelloReply&) override {
    unanswered_ = group_.topic_.partitions.size();
    for (std::size_t i = 0; i < unanswered_; ++i) {
      const auto& partition = group_.topic_.partitions[i];
      connection_->send(native::Subscribe{.subscription = static_cast<std::uint32_t>(i),
                                          .target = {group_.topic_.id, partition.partition},
                                          .offset = partition.high_watermark,
                                          .credit_bytes = kCreditBytes},
                        client::Connection::kFirstCorrelation + i);
    }
  }

  void on_message(native::Decoded& decoded, const SharedBytes& payload) override {
    if (const auto* deliver = std::get_if<native::Deliver>(&decoded.message)) return on_deliver(*deliver, payload);
    if (std::holds_alternative<native::SubscribeReply>(decoded.message)) {
      if (--unanswered_ == 0) group_.on_ready();
    } else if (const auto* error = std::get_if<native::ErrorReply>(&decoded.message)) {
      group_.on_failed(Error(error->code, error->message));
    } else if (const auto* ended = std::get_if<native::SubscriptionEnded>(&decoded.message)) {
      group_.on_failed(Error(ended->code, ended->message));
    }
  }

  void on_turn_end() override {}
  void on_lost(const Error& error) override { group_.on_failed(error); }

 private:
  void on_deliver(const native::Deliver& deliver, const SharedBytes& payload) {
    if (deliver.subscription >= owed_bytes_.size()) return;
    if (auto took = group_.took(payload.span()); took.has_error()) return group_.on_failed(took.error());
    std::size_t& owed = owed_bytes_[deliver.subscription];
    owed += payload.size();
    if (owed < kCreditBytes / 2) return;
    connection_->send(native::Credit{deliver.subscription, static_cast<std::uint32_t>(owed)}, 0);
    owed = 0;
  }

  FanGroup& group_;
  std::shared_ptr<client::Connection> connection_;
  std::size_t unanswered_ = 0;
  std::vector<std::size_t> owed_bytes_;  ///< of each subscription: received, and not given back as credit yet
};

FanGroup::FanGroup(client::Endpoint endpoint, TopicInfo topic, std::uint64_t run)
    : options_(connection_options(std::move(endpoint))),
      topic_(std::move(topic)),
      blocks_(std::make_shared<client::BlockPool>(kKeptBlockBytesMax)),
      reader_(run) {
  thread_ = std::thread([this] { context_.run(); });
}

FanGroup::~FanGroup() { end(); }

void FanGroup::end() {
  if (!thread_.joinable()) return;
  boost::asio::post(context_, [this] {
    ended_ = true;
    for (const auto& subscriber : subscribers_) subscriber->close();
  });
  work_.reset();
  thread_.join();
}

Result<void> FanGroup::begin(std::uint32_t subscribers) {
  boost::asio::post(context_, [this, subscribers] {
    wanted_ = subscribers;
    for (std::uint32_t i = 0; i < kConnectingMax; ++i) start_next();
  });
  std::unique_lock lock(mutex_);
  happened_.wait(lock, [&] { return failure_ || ready_.load() == subscribers; });
  return failure_ ? Result<void>(*failure_) : ok();
}

void FanGroup::start_next() {
  if (ended_ || subscribers_.size() == wanted_) return;
  subscribers_.push_back(std::make_shared<FanSubscriber>(*this));
  subscribers_.back()->start();
}

void FanGroup::on_ready() {
  if (ready_.fetch_add(1, std::memory_order_release) + 1 == wanted_) {
    const std::lock_guard lock(mutex_);
    happened_.notify_all();
  }
  start_next();
}

void FanGroup::on_failed(const Error& error) {
  if (ended_) return;
  const std::lock_guard lock(mutex_);
  if (!failure_) failure_ = error;
  happened_.notify_all();
}

Result<void> FanGroup::took(ByteSpan batches) {
  const Time now = std::chrono::steady_clock::now();
  std::uint64_t records = 0;
  record::BatchIterator iterator(batches);
  while (true) {
    LEAT_ASSIGN(const auto batch, iterator.next());
    if (!batch) break;
    LEAT_ASSIGN(const auto* stamps, reader_.read(*batch));
    records += stamps->intended_ns.size();
    if (stamps->measured == 0) continue;
    for (const std::int64_t intended : stamps->intended_ns) {
      if (intended == 0) continue;
      latency_ns_.record(static_cast<std::uint64_t>(std::max<std::int64_t>(0, now.time_since_epoch().count() - intended)));
    }
    figures_.deliveries += stamps->measured;
    figures_.size_bytes += stamps->size_bytes;
    figures_.last = now;
  }
  const std::uint64_t delivered = delivered_.load(std::memory_order_relaxed) + records;
  delivered_.store(delivered);
  // The waiter stores what it awaits before it looks at what was delivered: one of the two sees the other.
  if (records > 0 && delivered >= awaited_.load()) {
    const std::lock_guard lock(mutex_);
    happened_.notify_all();
  }
  return ok();
}

Result<bool> FanGroup::wait_for(std::uint64_t deliveries, Time deadline) {
  std::unique_lock lock(mutex_);
  awaited_.store(deliveries);
  const bool in_time = happened_.wait_until(lock, deadline, [&] { return failure_ || delivered_.load() >= deliveries; });
  awaited_.store(std::numeric_limits<std::uint64_t>::max());
  if (failure_) return *failure_;
  return in_time;
}

}  // namespace leat::tool
