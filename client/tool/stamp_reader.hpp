#pragma once

#include <cstdint>
#include <vector>

#include "protocol/base/result.hpp"
#include "protocol/record/batch_reader.hpp"

namespace leat::tool {

/// Takes a run's stamps out of record batches, reading every record of each. Keeps its memory for the next. One thread.
class StampReader {
 public:
  /// A batch's records of the run.
  struct Stamps {
    std::vector<std::int64_t> intended_ns;  ///< of each; 0: not to be measured
    std::size_t size_bytes = 0;             ///< of the values that are to be measured
    std::uint64_t measured = 0;
  };

  explicit StampReader(std::uint64_t run) : run_(run) {}

  /// Of one whole batch; valid until the next call. Fails with invalid_batch, batch_too_large.
  Result<const Stamps*> read(ByteSpan batch);

 private:
  const std::uint64_t run_;
  std::vector<record::RecordView> records_;
  Stamps stamps_;
};

}  // namespace leat::tool
