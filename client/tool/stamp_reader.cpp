#include "client/tool/stamp_reader.hpp"

#include "client/tool/stamp.hpp"

namespace leat::tool {

Result<const StampReader::Stamps*> StampReader::read(ByteSpan batch) {
  constexpr record::DecompressLimits kLimits{};
  LEAT_ASSIGN(auto reader, record::BatchReader::open(batch, kLimits));
  records_.clear();
  LEAT_TRY(reader.read_all(reader.header().base_offset, records_));
  stamps_.intended_ns.clear();
  stamps_.size_bytes = 0;
  stamps_.measured = 0;
  for (const auto& record : records_) {
    const auto stamp = record.value ? Stamp::read(*record.value) : std::nullopt;
    if (!stamp || stamp->run != run_) continue;
    stamps_.intended_ns.push_back(stamp->intended_ns);
    if (stamp->intended_ns == 0) continue;
    stamps_.size_bytes += record.value->size();
    ++stamps_.measured;
  }
  return &stamps_;
}

}  // namespace leat::tool
