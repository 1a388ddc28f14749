#pragma once

#include <optional>

#include "bench/load/peer.hpp"
#include "client/tool/bench.hpp"
#include "client/tool/commands.hpp"

namespace leat::load {

/// Each does what the bench of `leat bench` of that name does, and measures the same. For linger_ms see PublisherSettings. Called
/// from the main thread.
Result<void> pub_load(Peer& peer, const tool::Bench& command, std::optional<double> linger_ms, tool::BenchResult& result);
Result<void> sub_load(Peer& peer, const tool::Bench& command, tool::BenchResult& result);
Result<void> e2e_load(Peer& peer, const tool::Bench& command, std::optional<double> linger_ms, tool::BenchResult& result);
Result<void> fan_load(Peer& peer, const tool::Bench& command, tool::BenchResult& result);

/// So long may nothing arrive of what is to come before the load is given up.
inline constexpr std::chrono::seconds kStallMax{30};

/// Sleeps until the subscriber may have something, for at most that long.
Result<void> wait_readable(int fd, std::chrono::milliseconds at_most);

}  // namespace leat::load
