#pragma once

#include <algorithm>
#include <boost/asio/ip/tcp.hpp>
#include <chrono>
#include <functional>
#include <memory>

#include "server/broker/shard.hpp"
#include "server/net/client_list.hpp"
#include "server/net/outbox.hpp"
#include "server/net/pace.hpp"

namespace leat::server {

/// The way out of a connection, whatever its framing: what is queued in one event goes out together at its end. Nothing waits
/// but what the socket does not take, and of that it knows whether the peer gets on with it. One shard.
class SocketWriter {
 public:
  using Time = Pace::Time;
  static constexpr Time kNever = Time::max();

  /// Called while the owner lives and stop() was not called.
  struct Events {
    std::function<void()> flushed;  ///< everything is with the operating system
    std::function<void()> failed;
    std::function<void()> waits;  ///< for the peer: next_look() has changed
  };

  /// `timeout`: for the peer to take what waits for it. `client`: where bytes are counted, or null.
  SocketWriter(boost::asio::ip::tcp::socket& socket, Shard& shard, std::chrono::milliseconds timeout, ClientEntry client)
      : socket_(socket), shard_(shard), timeout_(timeout), client_(std::move(client)) {}

  /// What was queued before goes out now. `owner` has the socket and this, and lives as long as something is under way.
  void start(std::weak_ptr<void> owner, Events events);
  void stop();

  /// `lent`: see Outbox::push.
  void push(SharedBytes bytes, bool lent) { outbox_.push(std::move(bytes), lent); }
  void push(storage::FileRange range) { outbox_.push(std::move(range)); }
  void flush_soon();
  /// Calls once what is queued by now is with the operating system, or with an error when that will not come. One at a time.
  void when_sent(std::function<void(const boost::system::error_code&)> sent);
  [[nodiscard]] std::size_t unsent_bytes() const { return outbox_.bytes(); }

  /// Until when the peer must have taken what waits for it, however much was added since.
  [[nodiscard]] Time deadline() const { return deadline_; }
  /// When that, or the peer's pace, is to be looked at.
  [[nodiscard]] Time next_look() const { return deadline_ == kNever ? kNever : std::min(deadline_, pace_.check_at()); }
  /// The peer takes less than its pace in the window that is over by now.
  [[nodiscard]] bool too_slow(Time now);

 private:
  void flush();
  void expect_progress();
  void wait_writable();

  boost::asio::ip::tcp::socket& socket_;
  Shard& shard_;
  const std::chrono::milliseconds timeout_;
  const ClientEntry client_;
  std::weak_ptr<void> owner_;
  Events events_;
  Outbox outbox_;
  std::function<void(const boost::system::error_code&)> sent_;
  std::uint64_t sent_after_ = 0;  ///< bytes in total
  Time deadline_ = kNever;
  Pace pace_;               ///< while there is a deadline_
  std::uint64_t goal_ = 0;  ///< sent in total when the peer has taken what the deadline is about
  bool running_ = false;
  bool flush_scheduled_ = false;
  bool waiting_ = false;  ///< for the socket to take more
};

}  // namespace leat::server
