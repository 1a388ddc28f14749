#include "simulation/broker_model.hpp"

#include <algorithm>

#include "protocol/record/batch_iterator.hpp"
#include "protocol/record/batch_validator.hpp"

namespace leat::simulation {

using storage::PartitionLog;
using storage::Store;

namespace {

constexpr std::size_t kReadBytes = 3000;

std::string name_of_log(LogId log) { return "log " + std::to_string(log.value()); }

Result<void> check_batch(ByteSpan batch, const ModelBatch& expected, bool decode) {
  LEAT_TRY(record::check_crc(batch));
  LEAT_ASSIGN(const auto header, record::parse_batch_header(batch));
  if (header.base_offset != expected.base || header.next_offset() != expected.next || header.crc != expected.crc) {
    return violation("found the batch at " + to_string(header.base_offset) + " to " + to_string(header.next_offset()) +
                     " where the one at " + to_string(expected.base) + " to " + to_string(expected.next) + " was sent");
  }
  return decode ? check_records(batch, expected.sent) : ok();
}

/// Where a recovered log may end: between what was promised and what was ever sent, between two batches.
Result<void> check_end(const PartitionLog& log, const ModelLog& model, Offset promised) {
  const Offset end = log.next_offset();
  if (end < promised) return violation("ends at " + to_string(end) + ", " + to_string(promised) + " was promised");
  if (end > model.next_offset())
    return violation("ends at " + to_string(end) + ", nothing from " + to_string(model.next_offset()) + " was sent");
  const bool between =
      end == Offset(0) || std::ranges::any_of(model.batches, [&](const auto& batch) { return batch.next == end; });
  if (!between) return violation("ends within a batch at " + to_string(end));
  if (log.high_watermark() != end) return violation("the high watermark is not the end");
  return ok();
}

Result<void> check_log(PartitionLog& log, const ModelLog& model, const LogPromise& promise, Crash crash, bool decode) {
  LEAT_TRY(check_end(log, model,
                     crash == Crash::process_death ? std::max(promise.durable_end, promise.written_end) : promise.durable_end));
  if (log.log_start() < model.acknowledged_start || log.log_start() > promise.log_start) {
    return violation("starts at " + to_string(log.log_start()) + ", not from " + to_string(model.acknowledged_start) + " to " +
                     to_string(promise.log_start));
  }
  return check_contents(log, model, log.next_offset(), decode);
}

Result<void> check_topic(const storage::Topic& topic, const BrokerModel& model) {
  const bool uncertain = model.uncertain.contains(topic.entry.name);
  const auto expected = model.topics.find(topic.entry.name);
  if (uncertain) return ok();
  if (expected == model.topics.end()) return violation("topic " + topic.entry.name + " was deleted or never created");
  if (expected->second != topic.entry.logs) return violation("topic " + topic.entry.name + " has other partitions than created");
  return ok();
}

}  // namespace

Error violation(const std::string& what) { return Error(Errc::internal, what); }
std::string to_string(Offset offset) { return std::to_string(offset.value()); }

std::int32_t ModelLog::next_sequence(ProducerId producer) const {
  const auto last = std::find_if(batches.rbegin(), batches.rend(), [&](const auto& b) { return b.sent.producer == producer; });
  return last == batches.rend() ? 0 : last->sent.next_sequence();
}

std::size_t ModelLog::unacknowledged(ProducerId producer) const {
  return static_cast<std::size_t>(std::count_if(batches.begin() + static_cast<std::ptrdiff_t>(acknowledged), batches.end(),
                                                [&](const auto& batch) { return batch.sent.producer == producer; }));
}

void ModelLog::acknowledge(Offset end) {
  while (acknowledged < batches.size() && batches[acknowledged].next <= end) ++acknowledged;
}

Result<void> check_contents(PartitionLog& log, const ModelLog& model, Offset end, bool decode) {
  Offset at = log.log_start();
  auto expected = std::ranges::upper_bound(model.batches, at, {}, &ModelBatch::next);
  storage::ReadHint hint;
  while (at < end) {
    LEAT_ASSIGN(const auto read, log.read(at, end, kReadBytes, storage::ReadMode::blocking, hint));
    for (const SharedBytes& chunk : read.chunks) {
      record::BatchIterator iterator(chunk.span());
      while (true) {
        LEAT_ASSIGN(const auto batch, iterator.next());
        if (!batch) break;
        if (expected == model.batches.end()) return violation("holds a batch more than was sent");
        LEAT_TRY(check_batch(*batch, *expected, decode));
        at = (expected++)->next;
      }
    }
    if (read.next_offset != at || read.chunks.empty())
      return violation("a read at " + to_string(at) + " says it goes on at " + to_string(read.next_offset));
  }
  return at == std::max(end, log.log_start()) ? ok() : Result<void>(violation("a read went beyond its limit"));
}

Result<void> check_recovered(const Store& store, const BrokerModel& model, const Promise& promise, Crash crash, bool decode) {
  const auto found = store.topics();
  for (const auto& [name, logs] : model.topics) {
    const bool there = std::ranges::any_of(found, [&name = name](const auto& topic) { return topic.entry.name == name; });
    if (!there && !model.uncertain.contains(name)) return violation("topic " + name + " is gone");
  }
  for (const storage::Topic& topic : found) {
    LEAT_TRY(check_topic(topic, model));
    for (const auto& log : topic.logs) {
      const auto known = model.logs.find(log->id());
      const auto promised = promise.find(log->id());
      const auto checked = known == model.logs.end() || promised == promise.end()
                               ? check_log(*log, {}, {}, crash, decode)
                               : check_log(*log, known->second, promised->second, crash, decode);
      if (checked.has_error())
        return violation(topic.entry.name + ", " + name_of_log(log->id()) + ": " + checked.error().message());
    }
  }
  return ok();
}

Result<bool> send(PartitionLog& log, ModelLog& model, const SentBatch& sent) {
  const auto batch = build_batch(sent);
  LEAT_ASSIGN(const auto header, record::validate_for_append(batch, {batch.size()}));
  LEAT_ASSIGN(const auto appended, log.append(header, batch));
  if (appended.duplicate) {
    const bool original = std::ranges::any_of(model.batches, [&](const ModelBatch& before) {
      return before.crc == header.crc && before.base == appended.base_offset && before.next == appended.next_offset;
    });
    return original ? Result<bool>(true) : violation("a duplicate was answered with offset " + to_string(appended.base_offset));
  }
  if (appended.base_offset != model.next_offset()) {
    return violation("appended at " + to_string(appended.base_offset) + " after " + to_string(model.next_offset()));
  }
  model.batches.push_back({sent, appended.base_offset, appended.next_offset, header.crc});
  return false;
}

Result<void> drain(Store& store) {
  while (true) {
    const auto journaled = store.journal_one();
    const bool full = journaled.has_error() && journaled.error().code == Errc::journal_full;
    if (journaled.has_error() && !full) return journaled.error();
    LEAT_ASSIGN(const auto written, store.write_one());
    if (full && !written) {
      LEAT_TRY(store.checkpoint());
      LEAT_TRY(store.prepare_journal());
    }
    if (!full && !*journaled && !written) return ok();
  }
}

namespace {

Result<void> resend(Store& store, PartitionLog& log, ModelLog& model, const SentBatch& sent, bool survived) {
  auto duplicate = send(log, model, sent);
  if (duplicate.has_error() && duplicate.error().code == Errc::would_block) {
    LEAT_TRY(drain(store));
    duplicate = send(log, model, sent);
  }
  if (duplicate.has_error()) return violation("a repeated batch is refused: " + duplicate.error().message());
  if (*duplicate != survived) return violation(survived ? "a repeated batch was appended twice" : "a lost batch counts as there");
  return ok();
}

Result<void> resume_log(Store& store, PartitionLog& log, ModelLog& model) {
  const auto unanswered =
      std::vector(model.batches.begin() + static_cast<std::ptrdiff_t>(model.acknowledged), model.batches.end());
  const Offset end = log.next_offset();
  std::erase_if(model.batches, [&](const ModelBatch& batch) { return batch.base >= end; });
  // Producers give up on a partition without durability that has lost what it had acknowledged.
  const bool lost_acknowledged = model.acknowledged > model.batches.size();
  for (const ModelBatch& batch : unanswered) {
    const bool survived = batch.base < end;
    if (!survived && lost_acknowledged) continue;
    LEAT_TRY(resend(store, log, model, batch.sent, survived));
  }
  model.acknowledged = std::min(model.acknowledged, model.batches.size());
  model.acknowledge(end);
  model.acknowledged_start = log.log_start();
  return ok();
}

}  // namespace

Result<void> resume(Store& store, BrokerModel& model) {
  model.topics.clear();
  for (const storage::Topic& topic : store.topics()) {
    model.topics[topic.entry.name] = topic.entry.logs;
    for (const auto& log : topic.logs) LEAT_TRY(resume_log(store, *log, model.logs[log->id()]));
  }
  model.uncertain.clear();
  LEAT_ASSIGN(const ProducerId fresh, store.allocate_producer_id());
  if (fresh <= model.highest_producer) return violation("producer id " + std::to_string(fresh.value()) + " was given away twice");
  model.highest_producer = fresh;
  return ok();
}

}  // namespace leat::simulation
