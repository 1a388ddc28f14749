#pragma once

#include <chrono>
#include <optional>
#include <utility>

#include "client/src/backoff.hpp"
#include "leat/producer.hpp"
#include "protocol/base/random.hpp"
#include "protocol/native/messages.hpp"

namespace leat::client {

/// What is known of the id that a producer's batches carry: whether there is one, is asked for, or is to be asked for again
/// later. Without I/O. The core's executor only.
class ProducerIdentity {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;

  explicit ProducerIdentity(const ProducerOptions& options) : backoff_(options.retry_backoff_min, options.retry_backoff_max) {}

  [[nodiscard]] const std::optional<native::InitProducerReply>& known() const { return known_; }
  /// Why there is none yet.
  [[nodiscard]] const std::optional<Error>& refusal() const { return refusal_; }
  /// When to ask again, if a refusal says so.
  [[nodiscard]] const std::optional<TimePoint>& ask_at() const { return ask_at_; }

  /// False when it is asked for already, or it is too early.
  bool begin_asking(TimePoint now) {
    if (asking_ || (ask_at_ && *ask_at_ > now)) return false;
    ask_at_.reset();
    asking_ = true;
    return true;
  }
  void obtained(const native::InitProducerReply& identity) {
    asking_ = false;
    known_ = identity;
    refusal_.reset();
    backoff_.reset();
  }
  /// For good: the next who needs one asks at once.
  void failed() { asking_ = false; }
  void refused(Error why, TimePoint now, Random& random) {
    asking_ = false;
    refusal_ = std::move(why);
    ask_at_ = now + backoff_.next(random);
  }
  /// The broker does not take this id any more.
  void spent(ProducerId id) {
    if (known_ && known_->producer_id == id) known_.reset();
  }

 private:
  std::optional<native::InitProducerReply> known_;
  bool asking_ = false;
  std::optional<TimePoint> ask_at_;
  std::optional<Error> refusal_;
  Backoff backoff_;
};

}  // namespace leat::client
