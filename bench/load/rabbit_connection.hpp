#pragma once

#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "bench/load/rabbit_frames.hpp"
#include "bench/load/wire.hpp"

namespace leat::load::rabbit {

/// A connection to the stream plugin, authenticated and open. One thread.
class Connection {
 public:
  /// As guest, virtual host "/".
  static Result<Connection> open(const Address& address);

  /// Sends a request and waits for its answer's code. `body` is what follows the correlation id.
  Result<Code> ask(Key key, std::string_view body);
  /// Which of the streams there are.
  Result<std::set<std::string>> existing(const std::vector<std::string>& streams);
  /// Partitions of a topic, by the names of its streams: 0 when there are none.
  Result<std::uint32_t> partition_count(const std::string& topic);

  [[nodiscard]] Wire& wire() { return *wire_; }

 private:
  explicit Connection(std::unique_ptr<Wire> wire) : wire_(std::move(wire)) {}
  Result<void> shake_hands();
  /// The body of the next frame of that kind; what else arrives before is dropped.
  Result<std::string> await(Key key, bool is_response);
  Result<std::string> answer(Key key, std::string_view body);

  std::unique_ptr<Wire> wire_;
};

/// What of the frames that may arrive at any time has to be known: an error when the broker closes the connection or the stream.
Result<void> check_unasked(const Frame& frame);

Error refused(const char* what, Code code);

}  // namespace leat::load::rabbit
