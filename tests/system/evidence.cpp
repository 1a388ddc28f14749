#include "system/evidence.hpp"

#include <charconv>
#include <set>

#include "leat/admin.hpp"
#include "protocol/base/crc32c.hpp"

namespace leat::system_test {
namespace {

constexpr std::size_t kFaultsMax = 10;

std::string checksum_of(std::string_view text) { return std::to_string(crc32c(as_bytes(text))); }

}  // namespace

std::string evidence_value(int producer, std::int64_t sequence, std::size_t filling_bytes) {
  std::string text = std::to_string(producer) + " " + std::to_string(sequence) + " " + std::string(filling_bytes, '.');
  return text + " " + checksum_of(text);
}

std::optional<Evidence> parse_evidence(std::string_view value) {
  const std::size_t checksum_at = value.rfind(' ');
  if (checksum_at == std::string_view::npos) return std::nullopt;
  const std::string_view text = value.substr(0, checksum_at);
  if (value.substr(checksum_at + 1) != checksum_of(text)) return std::nullopt;
  Evidence evidence;
  const auto producer = std::from_chars(text.data(), text.data() + text.size(), evidence.producer);
  const auto sequence = std::from_chars(producer.ptr + 1, text.data() + text.size(), evidence.sequence);
  if (producer.ec != std::errc() || sequence.ec != std::errc()) return std::nullopt;
  return evidence;
}

void Ledger::acknowledged(PartitionId partition, Offset offset, int producer, std::int64_t sequence) {
  const std::lock_guard lock(mutex_);
  acknowledged_[{partition, offset}] = {producer, sequence};
}

std::size_t Ledger::acknowledged_count() const {
  const std::lock_guard lock(mutex_);
  return acknowledged_.size();
}

std::vector<std::string> Ledger::faults_of(Client& client, const std::string& topic, std::int32_t partitions) const {
  // Before the ends are looked up: what is acknowledged meanwhile may lie behind them.
  auto missing = [this] {
    const std::lock_guard lock(mutex_);
    return acknowledged_;
  }();
  std::vector<std::string> faults;
  std::map<PartitionId, Offset> left;
  Admin admin(client);
  for (std::int32_t p = 0; p < partitions; ++p) {
    const auto end = admin.list_offsets(topic, PartitionId(p), OffsetQuery::latest());
    if (end.has_error()) return {"cannot list offsets: " + end.error().message()};
    if (end->offset > Offset(0)) left[PartitionId(p)] = end->offset;
  }
  Consumer consumer(client);
  if (const auto subscribed = consumer.subscribe(topic); subscribed.has_error())
    return {"cannot subscribe: " + subscribed.error().message()};
  std::map<PartitionId, Offset> next;
  std::map<std::pair<PartitionId, int>, std::int64_t> next_sequence;
  while (!left.empty() && faults.size() < kFaultsMax) {
    const auto batch = consumer.next_for(std::chrono::seconds(30));
    if (batch.has_error()) return {"cannot read: " + batch.error().message()};
    for (const RecordView& record : *batch) {
      const std::string where =
          "partition " + std::to_string(batch->partition().value()) + " offset " + std::to_string(record.offset.value());
      if (record.offset != next[batch->partition()])
        faults.push_back(where + " comes after " + std::to_string(next[batch->partition()].value() - 1));
      next[batch->partition()] = record.offset + 1;
      const auto evidence = parse_evidence(record.value ? as_text(*record.value) : std::string_view());
      if (!evidence) {
        faults.push_back(where + " holds what nobody published");
        continue;
      }
      std::int64_t& expected = next_sequence[{batch->partition(), evidence->producer}];
      if (evidence->sequence != expected) {
        faults.push_back(where + ": producer " + std::to_string(evidence->producer) + " sequence " +
                         std::to_string(evidence->sequence) + " instead of " + std::to_string(expected));
      }
      expected = evidence->sequence + 1;
      const auto promised = missing.find({batch->partition(), record.offset});
      if (promised == missing.end()) continue;
      if (promised->second != Origin{evidence->producer, evidence->sequence})
        faults.push_back(where + " was acknowledged for another record");
      missing.erase(promised);
    }
    const auto end = left.find(batch->partition());
    if (end != left.end() && batch->next_offset() >= end->second) left.erase(end);
  }
  for (const auto& [place, origin] : missing) {
    if (faults.size() >= kFaultsMax) break;
    faults.push_back("lost: partition " + std::to_string(place.partition.value()) + " offset " +
                     std::to_string(place.offset.value()) + " of producer " + std::to_string(origin.producer) + " sequence " +
                     std::to_string(origin.sequence));
  }
  return faults;
}

}  // namespace leat::system_test
