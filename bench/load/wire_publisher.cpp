#include "bench/load/wire_publisher.hpp"

namespace leat::load {
namespace {

/// Enough for a system call to be cheap, little enough for the broker to begin early.
constexpr std::size_t kWriteBytes = std::size_t{64} << 10;
constexpr std::size_t kPendingBytesMax = std::size_t{512} << 10;

}  // namespace

Result<void> WirePublisher::send(ByteSpan value, Time intended) {
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
  end_batch();
  LEAT_TRY(wire_.write_some());
  LEAT_ASSIGN(const bool arrived, wire_.read_some());
  return arrived ? take_answers() : ok();
}

Result<void> WirePublisher::await(std::uint64_t wanted, Time deadline) {
  while (true) {
    LEAT_TRY(exchange());
    if (acknowledged() >= wanted || SteadyClock::now() >= deadline) return ok();
    LEAT_TRY(wire_.wait(deadline));
  }
}

Result<void> WirePublisher::acknowledge(std::uint64_t number) {
  const auto intended = book_.acknowledge(number);
  if (!intended) return Error(Errc::malformed_frame, "an acknowledgement of a record that is not under way");
  on_acknowledged(*intended);
  return ok();
}

}  // namespace leat::load
