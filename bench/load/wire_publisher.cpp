#include "bench/load/wire_publisher.hpp"

#include <algorithm>

namespace leat::load {
namespace {

/// Enough for a system call to be cheap, little enough for the broker to begin early.
constexpr std::size_t kWriteBytes = std::size_t{64} << 10;
constexpr std::size_t kPendingBytesMax = std::size_t{512} << 10;

}  // namespace

Result<void> WirePublisher::send(ByteSpan value, Time intended) {
  if (linger_ > linger_.zero() && !is_gathering_) {
    is_gathering_ = true;
    write_at_ = SteadyClock::now() + linger_;
  }
  append(value, book_.add(intended));
  if (wire_.pending() < kWriteBytes) return ok();
  LEAT_TRY(exchange());
  while (wire_.pending() > kPendingBytesMax) {
    LEAT_TRY(wire_.wait(answer_deadline()));
    LEAT_TRY(exchange());
  }
  return ok();
}

Result<void> WirePublisher::exchange() {
  is_gathering_ = false;
  end_batch();
  LEAT_TRY(wire_.write_some());
  return receive();
}

Result<void> WirePublisher::receive() {
  LEAT_ASSIGN(const bool arrived, wire_.read_some());
  return arrived ? take_answers() : ok();
}

Result<void> WirePublisher::await(std::uint64_t wanted, Time deadline) {
  while (true) {
    const bool gathers = is_gathering_ && SteadyClock::now() < write_at_;
    LEAT_TRY(gathers ? receive() : exchange());
    if (acknowledged() >= wanted || SteadyClock::now() >= deadline) return ok();
    if (gathers) {
      LEAT_TRY(wire_.wait_readable(std::min(deadline, write_at_)));
    } else {
      LEAT_TRY(wire_.wait(deadline));
    }
  }
}

Result<void> WirePublisher::acknowledge(std::uint64_t number) {
  const auto intended = book_.acknowledge(number);
  if (!intended) return Error(Errc::malformed_frame, "an acknowledgement of a record that is not under way");
  on_acknowledged(*intended);
  return ok();
}

}  // namespace leat::load
