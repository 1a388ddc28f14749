#include "client/tool/fan_ledger.hpp"

#include "client/tool/stamp.hpp"

namespace leat::tool {

Result<const FanLedger::Entry*> FanLedger::look_up(PartitionId partition, ByteSpan batch) {
  LEAT_ASSIGN(const auto header, record::parse_batch_header(batch));
  const Key key(partition, header.base_offset);
  if (const auto known = entries_.find(key); known != entries_.end()) return &known->second;
  LEAT_ASSIGN(auto entry, decode(batch));
  if (order_.size() == kEntriesMax) {
    entries_.erase(order_.front());
    order_.pop_front();
  }
  order_.push_back(key);
  return &entries_.emplace(key, std::move(entry)).first->second;
}

Result<FanLedger::Entry> FanLedger::decode(ByteSpan batch) const {
  constexpr record::DecompressLimits kLimits{};
  LEAT_ASSIGN(auto reader, record::BatchReader::open(batch, kLimits));
  Entry entry;
  while (true) {
    LEAT_ASSIGN(const auto record, reader.next());
    if (!record) return entry;
    const auto stamp = record->value ? Stamp::read(*record->value) : std::nullopt;
    if (!stamp || stamp->run != run_) continue;
    entry.intended_ns.push_back(stamp->intended_ns);
    if (stamp->intended_ns == 0) continue;
    entry.size_bytes += record->value->size();
    ++entry.measured;
  }
}

}  // namespace leat::tool
