#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "protocol/record/format.hpp"
#include "protocol/record/record_view.hpp"

namespace leat::record {

struct BuilderOptions {
  Codec codec = Codec::none;
  /// A batch takes no further record beyond this, header included and before compression.
  std::size_t bytes_max = std::size_t{1} << 20;
};

/// What an idempotent producer writes into its batches; as it is, a batch without idempotence.
struct ProducerStamp {
  ProducerId producer_id = kNoProducer;
  std::int16_t epoch = -1;
  std::int32_t base_sequence = -1;
};

/// Encodes records into one batch after the other. Records are written once, behind room for the header, and an uncompressed
/// batch leaves by move. Owned by one producer's partition; one thread at a time. Memory is at most about twice the batch; give
/// batches that are done with back to recycle(), as fresh pages cost more than filling them.
class BatchBuilder {
 public:
  explicit BatchBuilder(BuilderOptions options) : options_(options) {}

  /// Adds a record, copying what the views show. False when the batch is full: finish it, then append again. The first record
  /// fits whatever its size (the caller knows the topic's limit), unless it is beyond the format's 2 GiB.
  bool append(TimestampMs timestamp, std::optional<ByteSpan> key, std::optional<ByteSpan> value,
              std::span<const HeaderView> headers = {});

  [[nodiscard]] const BuilderOptions& options() const { return options_; }
  /// For the records to come.
  void set_bytes_max(std::size_t bytes_max) { options_.bytes_max = bytes_max; }

  [[nodiscard]] std::int32_t record_count() const { return record_count_; }
  [[nodiscard]] bool empty() const { return record_count_ == 0; }
  /// The batch so far, before compression; a header's size when it is empty.
  [[nodiscard]] std::size_t size_bytes() const { return used_; }

  /// The whole batch, base offset 0 and checksum set; the builder is empty again. Compressed only where that makes it smaller.
  /// There must be a record. Fails as compress() does, and then still holds its records.
  Result<std::vector<std::byte>> finish(const ProducerStamp& stamp);

  /// Drops the records, keeps the memory.
  void clear();
  /// Takes the memory of a batch that is no longer needed for one of the next.
  void recycle(std::vector<std::byte> storage);

 private:
  struct RecordShape {
    std::int64_t timestamp_delta;
    std::size_t body_bytes;
  };
  [[nodiscard]] RecordShape measure(TimestampMs timestamp, const std::optional<ByteSpan>& key,
                                    const std::optional<ByteSpan>& value, std::span<const HeaderView> headers) const;
  void make_room(std::size_t bytes);
  void write_header(MutableByteSpan batch, Codec codec, const ProducerStamp& stamp) const;
  Result<std::vector<std::byte>> finish_compressed(const ProducerStamp& stamp);
  std::vector<std::byte> finish_uncompressed(const ProducerStamp& stamp);
  [[nodiscard]] bool worth_keeping(const std::vector<std::byte>& storage) const;

  BuilderOptions options_;
  std::vector<std::byte> buffer_;  ///< its size is what may be written to, used_ what is
  std::size_t used_ = kBatchHeaderBytes;
  std::int32_t record_count_ = 0;
  TimestampMs base_timestamp_ = 0;
  TimestampMs max_timestamp_ = 0;
  std::vector<std::byte> compressed_;  ///< scratch, kept at its largest size so that it is not cleared again
  std::vector<std::byte> spare_;
};

}  // namespace leat::record
