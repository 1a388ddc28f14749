#include "storage/log/checkpoint.hpp"

#include "protocol/base/assert.hpp"
#include "protocol/base/crc32c.hpp"
#include "storage/io/byte_codec.hpp"

namespace leat::storage {
namespace {

constexpr std::uint64_t kMagic = 0x3154504b4341454cULL;  // "LEACKPT1"
constexpr std::uint32_t kVersion = 3;
constexpr std::size_t kBytesMax = 1U << 30;
constexpr std::size_t kPointBytesMin = 52;
constexpr std::size_t kProducerBytesMin = 22;
constexpr std::size_t kBatchBytes = 16;

void put_producer(ByteWriter& out, const ProducerState& producer) {
  out.put(producer.id.value());
  out.put(producer.epoch);
  out.put(producer.last_used_ms);
  out.put(static_cast<std::uint32_t>(producer.batches.size()));
  for (const auto& batch : producer.batches) {
    out.put(batch.base_sequence);
    out.put(batch.last_sequence);
    out.put(batch.base_offset.value());
  }
}

/// A declared count is believed only as far as the bytes that are left could hold.
bool plausible(const ByteReader& in, std::uint32_t count, std::size_t bytes_each) { return count <= in.left() / bytes_each; }

bool get_producer(ByteReader& in, ProducerState& producer) {
  producer.id = ProducerId(in.get<std::int64_t>());
  producer.epoch = in.get<std::int16_t>();
  producer.last_used_ms = in.get<TimestampMs>();
  const auto batches = in.get<std::uint32_t>();
  if (batches == 0 || batches > ProducerState::kBatchesMax || !plausible(in, batches, kBatchBytes)) return false;
  for (std::uint32_t i = 0; i < batches; ++i) {
    ProducerState::Batch batch;
    batch.base_sequence = in.get<std::int32_t>();
    batch.last_sequence = in.get<std::int32_t>();
    batch.base_offset = Offset(in.get<std::int64_t>());
    producer.batches.push_back(batch);
  }
  return true;
}

bool get_point(ByteReader& in, RecoveryPoint& point) {
  point.log = LogId(in.get<std::uint64_t>());
  point.log_start = Offset(in.get<std::int64_t>());
  point.offset = Offset(in.get<std::int64_t>());
  point.segment_base = Offset(in.get<std::int64_t>());
  point.position = in.get<std::uint64_t>();
  point.producers_forgotten_below = ProducerId(in.get<std::int64_t>());
  const auto producers = in.get<std::uint32_t>();
  if (!plausible(in, producers, kProducerBytesMin)) return false;
  point.producers.resize(producers);
  for (ProducerState& producer : point.producers) {
    if (!get_producer(in, producer)) return false;
  }
  return true;
}

}  // namespace

Result<void> save_checkpoint(FileSystem& fs, const Path& path, const Checkpoint& checkpoint) {
  ByteWriter out;
  out.put(kMagic);
  out.put(kVersion);
  out.put(static_cast<std::uint32_t>(checkpoint.clean ? 1 : 0));
  out.put(checkpoint.epoch);
  out.put(checkpoint.first_needed_sequence);
  out.put(checkpoint.journal.file_bytes);
  out.put(static_cast<std::uint32_t>(checkpoint.journal.numbers.size()));
  out.put(static_cast<std::uint32_t>(checkpoint.points.size()));
  for (const std::uint64_t number : checkpoint.journal.numbers) out.put(number);
  for (const RecoveryPoint& point : checkpoint.points) {
    out.put(point.log.value());
    out.put(point.log_start.value());
    out.put(point.offset.value());
    out.put(point.segment_base.value());
    out.put(point.position);
    out.put(point.producers_forgotten_below.value());
    out.put(static_cast<std::uint32_t>(point.producers.size()));
    for (const ProducerState& producer : point.producers) put_producer(out, producer);
  }
  out.put(crc32c(out.bytes()));
  // The limits of partitions and producers keep it far below: what is saved can be loaded.
  LEAT_ASSERT(out.bytes().size() <= kBytesMax);
  return replace_file(fs, path, out.bytes());
}

Result<Checkpoint> load_checkpoint(FileSystem& fs, const Path& path) {
  LEAT_ASSIGN(const auto bytes, read_file(fs, path, kBytesMax));
  const auto damaged = [&](const char* what) { return Error(Errc::corruption, path.string() + ": " + what); };
  ByteReader in(bytes);
  if (in.get<std::uint64_t>() != kMagic) return damaged("not a checkpoint");
  const auto version = in.get<std::uint32_t>();
  if (in.overrun()) return damaged("cut short");
  if (version != kVersion) return Error(Errc::unsupported_format, path.string() + ": version " + std::to_string(version));
  const ByteSpan covered = ByteSpan(bytes).first(bytes.size() - sizeof(std::uint32_t));
  if (load_le<std::uint32_t>(covered.data() + covered.size()) != crc32c(covered)) return damaged("checksum");
  Checkpoint checkpoint;
  checkpoint.clean = in.get<std::uint32_t>() != 0;
  checkpoint.epoch = in.get<std::uint64_t>();
  checkpoint.first_needed_sequence = in.get<std::uint64_t>();
  checkpoint.journal.file_bytes = in.get<std::uint64_t>();
  const auto files = in.get<std::uint32_t>();
  const auto points = in.get<std::uint32_t>();
  if (!plausible(in, files, sizeof(std::uint64_t))) return damaged("more journal files than bytes");
  checkpoint.journal.numbers.resize(files);
  for (std::uint64_t& number : checkpoint.journal.numbers) number = in.get<std::uint64_t>();
  if (!plausible(in, points, kPointBytesMin)) return damaged("more partitions than bytes");
  checkpoint.points.resize(points);
  for (RecoveryPoint& point : checkpoint.points) {
    if (!get_point(in, point)) return damaged("producers with no batches, with too many, or more than bytes");
  }
  if (in.overrun() || in.left() != sizeof(std::uint32_t)) return damaged("length");
  return checkpoint;
}

}  // namespace leat::storage
