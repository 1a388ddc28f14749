#include <algorithm>

#include "protocol/base/units.hpp"
#include "server/session/native_session.hpp"
#include "server/session/wire_error.hpp"

namespace leat::server {
namespace {

constexpr std::size_t kReadBytesMax = 4U << 20;
/// An answer without a payload.
constexpr std::size_t kSmallAnswerBytes = 1U << 10;
/// No header takes as many, so more need not be described.
constexpr std::size_t kTopicsListedMax = 1000;

native::TopicInfo describe(const TopicEntry& entry) {
  native::TopicInfo info;
  info.name = entry.catalog.name;
  info.id = entry.catalog.id;
  for (const auto& partition : entry.partitions) {
    const storage::PartitionLog& log = partition->log();
    info.partitions.push_back(
        {partition->id().partition, log.log_start(), log.high_watermark(), static_cast<std::int64_t>(log.size_bytes())});
  }
  for (auto& setting : storage::describe_settings(entry.config, entry.catalog.settings)) {
    info.settings.push_back({std::move(setting.key), std::move(setting.value), setting.is_default});
  }
  return info;
}

/// The topics behind `after`, as many as fit in an answer.
native::TopicListReply list(const TopicRegistry& topics, const std::string& after) {
  native::TopicListReply reply;
  for (const TopicEntryPtr& entry : topics.behind(after, kTopicsListedMax + 1)) reply.topics.push_back(describe(*entry));
  const std::size_t fitting = std::min(native::topics_that_fit(reply.topics), kTopicsListedMax);
  reply.more = fitting < reply.topics.size();
  reply.topics.resize(fitting);
  return reply;
}

Result<native::ListOffsetsReply> find_offset(Partition& partition, const native::ListOffsets& request) {
  const Offset end = partition.high_watermark();
  switch (request.spec) {
    case native::OffsetSpec::earliest:
      return native::ListOffsetsReply{partition.log().log_start(), -1};
    case native::OffsetSpec::latest:
      return native::ListOffsetsReply{end, -1};
    case native::OffsetSpec::timestamp:
      break;
  }
  LEAT_ASSIGN(const auto match, partition.log().find_time(request.timestamp, end));
  return match ? native::ListOffsetsReply{match->offset, match->timestamp} : native::ListOffsetsReply{end, -1};
}

/// What the description of one topic may come to; most are small and so wait for no other peer.
std::size_t description_bytes(std::size_t partitions) {
  constexpr std::size_t kNameAndSettingsBytes = 1U << 10;
  constexpr std::size_t kPartitionBytes = 32;
  return std::min(native::kHeaderBytesMax, kNameAndSettingsBytes + partitions * kPartitionBytes);
}

/// Of a topic that is described, as it is, or as it will be.
std::size_t description_bytes(const TopicRegistry& topics, const std::string& name, std::int32_t partitions_wanted) {
  const TopicEntryPtr entry = topics.by_name(name);
  const std::size_t wanted = partitions_wanted > 0 ? static_cast<std::size_t>(partitions_wanted) : 0;
  return description_bytes(std::max(wanted, entry ? entry->partitions.size() : 0));
}

std::size_t list_bytes(const TopicRegistry& topics, const std::string& after) {
  std::size_t bytes = kSmallAnswerBytes;
  for (const TopicEntryPtr& entry : topics.behind(after, kTopicsListedMax)) bytes += description_bytes(entry->partitions.size());
  return std::min(bytes, native::kHeaderBytesMax);
}

}  // namespace

std::size_t NativeSession::answer_bytes_of(const native::Message& request) {
  const TopicRegistry& topics = broker_.topics();
  if (const auto* list = std::get_if<native::ListTopics>(&request)) return list_bytes(topics, list->after);
  if (const auto* describe = std::get_if<native::DescribeTopic>(&request)) return description_bytes(topics, describe->name, 0);
  if (const auto* create = std::get_if<native::CreateTopic>(&request)) {
    return description_bytes(topics, create->name, std::max(create->partitions, broker_.options().default_partitions));
  }
  if (const auto* alter = std::get_if<native::AlterTopic>(&request)) {
    return description_bytes(topics, alter->name, alter->partitions);
  }
  const auto* read = std::get_if<native::Read>(&request);
  if (read == nullptr) return 0;
  const auto partition = target_of(read->target);
  return partition.has_error() ? 0 : answer_bytes_of(*read, **partition);
}

std::size_t NativeSession::answer_bytes_of(const native::Read& request, const Partition& partition) const {
  const std::size_t bytes_max = std::min<std::size_t>(request.bytes_max, kReadBytesMax);
  return kSmallAnswerBytes + std::max(bytes_max, partition.log().batch_bytes_max());
}

template <class Work>
auto NativeSession::answering(std::uint64_t correlation, std::size_t answer_bytes, Work work) {
  ++requests_;
  answer_bytes_ += answer_bytes;
  settle_share();
  return [self = shared_from_this(), correlation, answer_bytes, work = std::move(work)]() mutable {
    Result<Answer> answer = work();
    self->shard_.post(
        [self, correlation, answer_bytes, answer = std::move(answer)] { self->answer(correlation, answer_bytes, answer); });
  };
}

template <class Work>
void NativeSession::answer_later(std::uint64_t correlation, std::size_t answer_bytes, Work work) {
  broker_.post_blocking(answering(correlation, answer_bytes, std::move(work)));
}

template <class Work>
void NativeSession::answer_after_change(std::uint64_t correlation, std::size_t answer_bytes, Work work) {
  broker_.post_topic_change(answering(correlation, answer_bytes, std::move(work)));
}

void NativeSession::answer(std::uint64_t correlation, std::size_t answer_bytes, const Result<Answer>& answer) {
  --requests_;
  answer_bytes_ -= answer_bytes;
  if (answer.has_error()) {
    send_error(correlation, answer.error());
  } else {
    if (answer->partition) {
      std::size_t bytes = 0;
      for (const SharedBytes& chunk : answer->payload) bytes += chunk.size();
      answer->partition->count_delivered(shard_, options_.transport, static_cast<std::uint64_t>(answer->records), bytes);
    }
    send(answer->message, correlation, answer->payload, true);
  }
  finish_request();
}

Result<void> NativeSession::on(std::uint64_t correlation, const native::CreateTopic& request) {
  answer_after_change(correlation, answer_bytes_of(request), [&broker = broker_, request]() -> Result<Answer> {
    LEAT_ASSIGN(const auto entry, broker.create_topic(request));
    return Answer{native::TopicReply{describe(*entry)}, {}};
  });
  return ok();
}

Result<void> NativeSession::on(std::uint64_t correlation, const native::AlterTopic& request) {
  answer_after_change(correlation, answer_bytes_of(request), [&broker = broker_, request]() -> Result<Answer> {
    LEAT_ASSIGN(const auto entry, broker.alter_topic(request));
    return Answer{native::TopicReply{describe(*entry)}, {}};
  });
  return ok();
}

Result<void> NativeSession::on(std::uint64_t correlation, const native::DeleteTopic& request) {
  answer_after_change(correlation, kSmallAnswerBytes, [&broker = broker_, name = request.name]() -> Result<Answer> {
    LEAT_TRY(broker.delete_topic(name));
    return Answer{native::Done{}, {}};
  });
  return ok();
}

Result<void> NativeSession::on(std::uint64_t correlation, const native::DescribeTopic& request) {
  const TopicEntryPtr entry = broker_.topics().by_name(request.name);
  if (!entry) {
    send_error(correlation, Error(Errc::unknown_topic, request.name));
    return ok();
  }
  answer_later(correlation, answer_bytes_of(request), [entry]() -> Result<Answer> {
    return Answer{native::TopicReply{describe(*entry)}, {}};
  });
  return ok();
}

Result<void> NativeSession::on(std::uint64_t correlation, const native::ListTopics& request) {
  answer_later(correlation, answer_bytes_of(request), [&broker = broker_, after = request.after]() -> Result<Answer> {
    return Answer{list(broker.topics(), after), {}};
  });
  return ok();
}

Result<void> NativeSession::on(std::uint64_t correlation, const native::InitProducer&) {
  answer_later(correlation, kSmallAnswerBytes, [&broker = broker_]() -> Result<Answer> {
    LEAT_ASSIGN(const ProducerId id, broker.allocate_producer_id());
    return Answer{native::InitProducerReply{id, 0}, {}};
  });
  return ok();
}

Result<void> NativeSession::on(std::uint64_t correlation, const native::Read& request) {
  const auto partition = target_of(request.target);
  if (partition.has_error()) {
    send_error(correlation, partition.error());
    return ok();
  }
  const std::size_t bytes_max = std::min<std::size_t>(request.bytes_max, kReadBytesMax);
  answer_later(correlation, answer_bytes_of(request, **partition),
               [partition = *partition, from = request.offset, bytes_max]() -> Result<Answer> {
                 const Offset end = partition->high_watermark();
                 storage::ReadHint hint;
                 LEAT_ASSIGN(auto batches, partition->log().read(from, end, bytes_max, storage::ReadMode::blocking, hint));
                 return Answer{native::ReadReply{partition->log().log_start(), end, batches.next_offset},
                               std::move(batches.chunks), partition, batches.next_offset.value() - from.value()};
               });
  return ok();
}

Result<void> NativeSession::on(std::uint64_t correlation, const native::ListOffsets& request) {
  const auto partition = target_of(request.target);
  if (partition.has_error()) {
    send_error(correlation, partition.error());
    return ok();
  }
  answer_later(correlation, kSmallAnswerBytes, [partition = *partition, request]() -> Result<Answer> {
    LEAT_ASSIGN(const auto reply, find_offset(*partition, request));
    return Answer{reply, {}};
  });
  return ok();
}

Result<void> NativeSession::on(std::uint64_t correlation, const native::DeleteRecords& request) {
  const auto partition = target_of(request.target);
  if (partition.has_error()) {
    send_error(correlation, partition.error());
    return ok();
  }
  answer_later(correlation, kSmallAnswerBytes,
               [&broker = broker_, partition = *partition, before = request.before]() -> Result<Answer> {
                 LEAT_ASSIGN(const Offset start, broker.delete_records(*partition, before));
                 return Answer{native::DeleteRecordsReply{start}, {}};
               });
  return ok();
}

Result<void> NativeSession::on(std::uint64_t correlation, const native::Subscribe& request) {
  const auto added = [&]() -> Result<void> {
    if (subscriptions_->size() >= options_.subscriptions_max) {
      return Error(Errc::limit_reached, "a connection takes " + format_count(options_.subscriptions_max, "subscription"));
    }
    LEAT_ASSIGN(const auto partition, target_of(request.target));
    LEAT_TRY(subscriptions_->add(request.subscription, partition, request.offset, request.credit_bytes));
    send(native::SubscribeReply{partition->log().log_start(), partition->high_watermark()}, correlation);
    return ok();
  }();
  if (added.has_error()) send_error(correlation, added.error());
  subscriptions_->pump();
  return ok();
}

Result<void> NativeSession::on(std::uint64_t, const native::Credit& credit) {
  subscriptions_->add_credit(credit.subscription, credit.bytes);
  subscriptions_->pump();
  return ok();
}

Result<void> NativeSession::on(std::uint64_t correlation, const native::Unsubscribe& request) {
  if (subscriptions_->remove(request.subscription)) {
    send(native::Done{}, correlation);
  } else {
    send_error(correlation, Error(Errc::unknown_subscription, std::to_string(request.subscription)));
  }
  return ok();
}

}  // namespace leat::server
