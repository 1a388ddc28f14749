#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "client/tool/commands.hpp"
#include "client/tool/deliveries.hpp"
#include "client/tool/interrupt.hpp"
#include "client/tool/line_format.hpp"

namespace leat::tool {

/// How long an interrupted `leat pub` waits for what it has published.
inline constexpr std::chrono::seconds kPublishGrace{5};

/// Turns the messages of `leat pub`, or the lines of standard input, into records and hands them to `sink`, until an interrupt or
/// a failed delivery. Main thread.
class RecordSource {
 public:
  using Sink = std::function<Result<void>(const OutgoingRecord&)>;

  RecordSource(const Pub& command, const Deliveries& deliveries, Sink sink);

  Result<void> send_all(const Interrupt& interrupt, std::size_t line_bytes_max);
  /// Records that the sink took.
  [[nodiscard]] std::uint64_t accepted() const { return accepted_; }

 private:
  Result<void> send_messages(const Interrupt& interrupt);
  Result<void> send_lines(const Interrupt& interrupt, std::size_t line_bytes_max);
  Result<void> send(std::string_view text, const char* what, std::size_t number);

  const Pub& command_;
  const Deliveries& deliveries_;
  const Sink sink_;
  LineFormat format_;
  std::vector<HeaderView> headers_;
  std::uint64_t accepted_ = 0;
};

/// What came of a `leat pub`, but for the deliveries.
struct PubOutcome {
  std::uint64_t accepted = 0;
  double seconds = 0;
  bool interrupted = false;
  std::optional<Error> input_error;  ///< what ended reading or sending early
};

/// Publishes by HTTP, and waits.
Result<PubOutcome> publish_by_http(const GlobalOptions& global, const Pub& command, Deliveries& deliveries);

/// The line for people while it goes on.
std::string publishing_progress(const Deliveries& deliveries, std::chrono::steady_clock::time_point start);

}  // namespace leat::tool
