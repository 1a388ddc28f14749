#include "simulation/sent_batch.hpp"

#include <algorithm>
#include <string>

#include "protocol/base/crc32c.hpp"
#include "protocol/base/endian.hpp"
#include "protocol/base/random.hpp"
#include "protocol/record/batch_builder.hpp"
#include "protocol/record/batch_reader.hpp"

namespace leat::simulation {
namespace {

constexpr std::size_t kIdentityBytes = 16;  // producer, sequence, hash of the filling

std::vector<std::byte> value_of(const SentBatch& sent, std::int32_t sequence) {
  std::vector<std::byte> value(kIdentityBytes + sent.record_bytes);
  store_le(value.data(), sent.producer.value());
  store_le(value.data() + 8, sequence);
  SeededRandom random(static_cast<std::uint64_t>(sent.producer.value()) << 32U ^ static_cast<std::uint64_t>(sequence));
  for (std::size_t at = kIdentityBytes; at < value.size(); at += 8) {
    const std::uint64_t filling = random.next();
    for (std::size_t i = at; i < std::min(at + 8, value.size()); ++i)
      value[i] = static_cast<std::byte>(filling >> (8 * (i - at)));
  }
  store_le(value.data() + 12, crc32c(ByteSpan(value).subspan(kIdentityBytes)));
  return value;
}

}  // namespace

std::vector<std::byte> build_batch(const SentBatch& sent) {
  record::BatchBuilder builder({sent.codec, std::size_t{1} << 20});
  for (std::int32_t i = 0; i < sent.records; ++i) {
    const auto value = value_of(sent, sent.base_sequence + i);
    builder.append(sent.timestamp + i, std::nullopt, ByteSpan(value));
  }
  return builder.finish({sent.producer, 0, sent.base_sequence}).value();
}

Result<void> check_records(ByteSpan batch, const SentBatch& sent) {
  LEAT_ASSIGN(auto reader, record::BatchReader::open(batch, {}));
  for (std::int32_t i = 0;; ++i) {
    LEAT_ASSIGN(const auto record, reader.next());
    if (!record && i == sent.records) return ok();
    const std::int32_t sequence = sent.base_sequence + i;
    const bool same = record && i < sent.records && record->value &&
                      std::ranges::equal(*record->value, value_of(sent, sequence)) && record->timestamp == sent.timestamp + i;
    if (!same) {
      return Error(Errc::corruption, "the record with sequence " + std::to_string(sequence) + " of producer " +
                                         std::to_string(sent.producer.value()) + " is not what was sent");
    }
  }
}

}  // namespace leat::simulation
