#pragma once

#include <cstddef>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "leat/consumer.hpp"
#include "leat/record.hpp"
#include "protocol/base/result.hpp"
#include "protocol/record/batch_iterator.hpp"
#include "protocol/record/compression.hpp"

namespace leat::client {

/// What a delivery brought of a partition and nobody has taken yet.
struct Chunk {
  SharedBytes bytes;  ///< whole record batches
  Offset next_offset;
  Offset high_watermark;
};

/// Turns received bytes into checked records. Keeps the memory of RecordBatches that nobody holds any more for the next ones. Any
/// thread; the batches may outlive it.
class BatchDecoder : public std::enable_shared_from_this<BatchDecoder> {
 public:
  explicit BatchDecoder(const record::DecompressLimits& limits) : limits_(limits) {}

  struct Decoded {
    std::shared_ptr<const RecordBatch::Content> content;  ///< may have no records; null when they are unreadable
    std::optional<UnreadableRecords> unreadable;          ///< what is wrong with the chunk's first batch
    std::size_t consumed_bytes = 0;                       ///< of the chunk; the rest was too much for one RecordBatch
    Offset next_offset;
  };
  /// The records from `from` on of the chunk's first batches.
  Decoded decode(const std::string& topic, PartitionId partition, const Chunk& chunk, Offset from);

 private:
  using Content = RecordBatch::Content;
  std::shared_ptr<Content> take();
  void give_back(std::unique_ptr<Content> content);
  Result<void> decode_next(record::BatchIterator& batches, const Chunk& chunk, Offset from, Content& content,
                           std::size_t& decoded_bytes);
  Result<void> decode_batch(ByteSpan batch, const record::BatchHeader& header, Offset from, Content& content,
                            std::size_t& decoded_bytes);
  std::vector<std::byte> take_buffer();

  const record::DecompressLimits limits_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<Content>> spare_;
  std::vector<std::vector<std::byte>> spare_buffers_;
};

}  // namespace leat::client
