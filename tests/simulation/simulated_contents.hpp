#pragma once

#include <limits>
#include <vector>

#include "protocol/base/ids.hpp"
#include "simulation/page_image.hpp"
#include "simulation/power_loss.hpp"

namespace leat::simulation {

/// A write of `bytes` at a position, or a change of the file's size to it.
struct ContentChange {
  enum class Kind { write, resize };
  Kind kind;
  std::uint64_t at;
  SharedBytes bytes{};

  [[nodiscard]] std::uint64_t end() const { return at + bytes.size(); }
};

/// The whole sectors (512 bytes of the file; its first and last may be partial) of a write that a tear leaves.
std::vector<ContentChange> surviving_sectors(const ContentChange& write, PowerLoss& loss);

/// What a file holds now, what of it is durable, and the changes between the two in the order they were made. Copying is cheap.
class SimulatedContents {
 public:
  SimulatedContents() = default;
  /// A file whose contents are all durable.
  explicit SimulatedContents(const PageImage& image) : current_(image), durable_(image) {}

  [[nodiscard]] const PageImage& current() const { return current_; }
  [[nodiscard]] const PageImage& durable() const { return durable_; }
  /// True when a power loss changes nothing.
  [[nodiscard]] bool is_durable() const { return unsynced_.empty() && !diverged_; }

  /// Of the last change; the end of time where a power loss or the lack of a clock left none.
  [[nodiscard]] TimestampMs modified_ms() const { return modified_ms_; }
  void set_modified_ms(TimestampMs at) { modified_ms_ = at; }

  void apply(ContentChange change);
  /// A write that is durable at once. What is unsynced beside it stays so; as the order of a truncation and what came before it
  /// cannot be turned round, those become durable with it.
  void write_through(const ContentChange& write);
  void sync();
  /// The unsynced changes stay readable and never become durable, whatever is synced later.
  void fail_sync();
  /// Flips bits of one byte, as a failing medium does.
  void corrupt(std::uint64_t at, std::byte mask);

  /// Nothing unsynced survives.
  [[nodiscard]] PageImage after_power_loss() const { return durable_; }
  /// A draw of the unsynced changes survives, and of `in_flight` unless that is null.
  [[nodiscard]] PageImage after_power_loss(PowerLoss& loss, const ContentChange* in_flight) const;

 private:
  PageImage current_;
  PageImage durable_;
  std::vector<ContentChange> unsynced_;
  TimestampMs modified_ms_ = std::numeric_limits<TimestampMs>::max();
  bool diverged_ = false;  ///< a sync failed: current_ holds what neither durable_ nor unsynced_ does
};

}  // namespace leat::simulation
