#pragma once

#include <cstddef>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "leat/record.hpp"
#include "protocol/base/result.hpp"
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
    std::shared_ptr<const RecordBatch::Content> content;  ///< may have no records
    std::size_t consumed_bytes;                           ///< of the chunk; the rest was too much for one RecordBatch
  };
  /// The records from `from` on of the chunk's first batches. Fails when the first batch cannot be read, naming the partition.
  Result<Decoded> decode(const std::string& topic, PartitionId partition, const Chunk& chunk, Offset from);

 private:
  using Content = RecordBatch::Content;
  std::shared_ptr<Content> take();
  void give_back(std::unique_ptr<Content> content);
  Result<void> decode_batch(ByteSpan batch, Offset from, Content& content, std::size_t& decoded_bytes);
  std::vector<std::byte> take_buffer();

  const record::DecompressLimits limits_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<Content>> spare_;
  std::vector<std::vector<std::byte>> spare_buffers_;
};

}  // namespace leat::client
