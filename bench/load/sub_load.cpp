#include <poll.h>

#include <cerrno>
#include <cstring>

#include "bench/load/loads.hpp"
#include "client/tool/text_table.hpp"

namespace leat::load {
namespace {

/// Counts values until there were enough of them.
class CatchUp final : public ValueSink {
 public:
  explicit CatchUp(std::uint64_t wanted) : wanted_(wanted) {}

  void take(ByteSpan value) override {
    if (records_ == wanted_) return;
    ++records_;
    size_bytes_ += value.size();
  }

  [[nodiscard]] bool is_done() const { return records_ == wanted_; }
  [[nodiscard]] std::uint64_t records() const { return records_; }
  [[nodiscard]] std::size_t size_bytes() const { return size_bytes_; }

 private:
  const std::uint64_t wanted_;
  std::uint64_t records_ = 0;
  std::size_t size_bytes_ = 0;
};

}  // namespace

Result<void> wait_readable(int fd, std::chrono::milliseconds at_most) {
  pollfd descriptor{fd, POLLIN, 0};
  if (::poll(&descriptor, 1, static_cast<int>(at_most.count())) < 0 && errno != EINTR) {
    return Error(Errc::io_error, std::string("poll: ") + std::strerror(errno));
  }
  return ok();
}

Result<void> sub_load(Peer& peer, const tool::Bench& command, tool::BenchResult& result) {
  LEAT_ASSIGN(const auto subscriber, peer.subscriber());
  CatchUp catch_up(command.records);
  const auto start = SteadyClock::now();
  Time last = start;
  LEAT_TRY(subscriber->begin(From::start));
  while (true) {
    const std::uint64_t before = catch_up.records();
    LEAT_TRY(subscriber->receive(catch_up));
    if (catch_up.is_done()) break;
    const auto now = SteadyClock::now();
    if (catch_up.records() != before) {
      last = now;
    } else if (now - last > kStallMax) {
      return Error(Errc::timed_out, "the topic has only " + tool::grouped(catch_up.records()) + " of the " +
                                        tool::counted(command.records, "record") + " to read, or stopped sending them");
    }
    LEAT_TRY(wait_readable(subscriber->fd(), std::chrono::seconds(1)));
  }
  result.seconds = std::chrono::duration<double>(SteadyClock::now() - start).count();
  result.records = catch_up.records();
  result.size_bytes = catch_up.size_bytes();
  return ok();
}

}  // namespace leat::load
