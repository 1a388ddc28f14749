#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "leat/consumer.hpp"
#include "protocol/base/ids.hpp"

namespace leat::system_test {

/// What a test's record says of itself: who published it, as its how-many-th, and a checksum over both and the filling.
std::string evidence_value(int producer, std::int64_t sequence, std::size_t filling_bytes);

struct Evidence {
  int producer = 0;
  std::int64_t sequence = 0;
};
/// Nothing when the value is none of ours or was changed.
std::optional<Evidence> parse_evidence(std::string_view value);

/// What was accepted and what was acknowledged, and whether a log that was read back agrees. Any thread.
class Ledger {
 public:
  void acknowledged(PartitionId partition, Offset offset, int producer, std::int64_t sequence);
  [[nodiscard]] std::size_t acknowledged_count() const;

  /// Reads the whole topic. Everything acknowledged is where its acknowledgement said; offsets are dense from 0; nobody's records
  /// are repeated, left out or out of order; every value is one that was published. Returns what is wrong, nothing if all is
  /// well.
  std::vector<std::string> faults_of(Client& client, const std::string& topic, std::int32_t partitions) const;

 private:
  struct Place {
    PartitionId partition;
    Offset offset;
    friend auto operator<=>(const Place&, const Place&) = default;
  };
  struct Origin {
    int producer = 0;
    std::int64_t sequence = 0;
    friend bool operator==(const Origin&, const Origin&) = default;
  };
  mutable std::mutex mutex_;
  std::map<Place, Origin> acknowledged_;
};

}  // namespace leat::system_test
