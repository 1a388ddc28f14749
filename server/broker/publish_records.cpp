#include "server/broker/publish_records.hpp"

#include <map>

#include "protocol/base/clock.hpp"
#include "protocol/record/batch_builder.hpp"
#include "protocol/record/murmur2.hpp"
#include "server/broker/await.hpp"

namespace leat::server {
namespace {

/// Those that no partition has seen; each of the others counts itself.
template <class T>
void count_errors(ShardMetrics& metrics, const std::vector<Result<T>>& results) {
  for (const Result<T>& result : results) {
    if (result.has_error()) metrics.count_publish_error(result.error().code);
  }
}

/// The batches of one call, and which record went where.
class Batches {
 public:
  explicit Batches(const TopicEntry& topic) : topic_(topic) {}

  /// The number of the batch that the record is in.
  Result<std::size_t> add(const NewRecord& record, PartitionId partition) {
    if (partition.value() < 0 || static_cast<std::size_t>(partition.value()) >= topic_.partitions.size()) {
      return Error(Errc::unknown_partition, "topic " + topic_.catalog.name + " has " + std::to_string(topic_.partitions.size()));
    }
    const auto [place, is_new] = open_.try_emplace(partition.value());
    const auto found = place;  // clang 14 lets no lambda capture a structured binding
    const std::size_t bytes_max = topic_.partitions[static_cast<std::size_t>(partition.value())]->log().batch_bytes_max();
    if (is_new) found->second = start(partition, bytes_max);
    const auto append = [&] {
      return batches_[found->second].builder.append(record.timestamp.value_or(SystemClock().wall_ms()), record.key, record.value,
                                                    record.headers);
    };
    if (!append()) {
      found->second = start(partition, bytes_max);
      append();
    }
    return found->second;
  }

  /// Of the batches that are not too large for their topic; the others keep their error.
  std::vector<PlacedPublish> finish(native::AckLevel level, Transport transport,
                                    std::vector<Result<std::size_t>>& place_of_batch) {
    std::vector<PlacedPublish> publishes;
    for (Batch& batch : batches_) {
      auto request = finish(batch, level);
      if (request.has_error()) {
        place_of_batch.emplace_back(std::move(request).error());
        continue;
      }
      request->transport = transport;
      place_of_batch.emplace_back(publishes.size());
      publishes.push_back({topic_.partitions[static_cast<std::size_t>(batch.partition.value())], std::move(*request)});
    }
    return publishes;
  }

 private:
  struct Batch {
    PartitionId partition;
    std::size_t bytes_max;
    record::BatchBuilder builder;
  };

  std::size_t start(PartitionId partition, std::size_t bytes_max) {
    batches_.push_back({partition, bytes_max, record::BatchBuilder({record::Codec::none, bytes_max})});
    return batches_.size() - 1;
  }

  static Result<PublishRequest> finish(Batch& batch, native::AckLevel level) {
    LEAT_ASSIGN(auto bytes, batch.builder.finish({}));
    if (bytes.size() > batch.bytes_max) {
      return Error(Errc::batch_too_large,
                   "a record of " + std::to_string(bytes.size()) + " bytes, its topic takes " + std::to_string(batch.bytes_max));
    }
    PublishRequest request;
    LEAT_ASSIGN(request.header, record::parse_batch_header(bytes));
    request.batch = SharedBytes(std::move(bytes));
    request.ack = level;
    return request;
  }

  const TopicEntry& topic_;
  std::map<std::int32_t, std::size_t> open_;  ///< by partition
  std::vector<Batch> batches_;
};

struct Place {
  PartitionId partition;
  std::size_t batch;
  std::int64_t at;  ///< within its batch
};

std::optional<Error> first_error(const std::vector<Result<Place>>& places, const std::vector<Result<std::size_t>>& batches) {
  for (const auto& place : places) {
    if (place.has_error()) return place.error();
  }
  for (const auto& batch : batches) {
    if (batch.has_error()) return batch.error();
  }
  return std::nullopt;
}

}  // namespace

boost::asio::awaitable<std::vector<Result<RecordAck>>> publish_records(Broker& broker, Shard& shard, TopicEntryPtr topic,
                                                                       std::span<const NewRecord> records, native::AckLevel level,
                                                                       Transport transport, Refusing refusing) {
  static std::atomic<std::uint32_t> turn{0};
  const auto partitions = static_cast<std::int32_t>(topic->partitions.size());
  const PartitionId in_turn(static_cast<std::int32_t>(turn.fetch_add(1) % static_cast<std::uint32_t>(partitions)));
  Batches batches(*topic);
  std::vector<Result<Place>> places;
  std::map<std::size_t, std::int64_t> filled;
  for (const NewRecord& record : records) {
    const PartitionId by_key = record.key ? record::partition_for_key(*record.key, partitions) : in_turn;
    const PartitionId partition = record.partition.value_or(by_key);
    auto batch = batches.add(record, partition);
    if (batch.has_error()) {
      places.emplace_back(std::move(batch).error());
    } else {
      places.emplace_back(Place{partition, *batch, filled[*batch]++});
    }
  }
  std::vector<Result<std::size_t>> publish_of_batch;
  auto publishes = batches.finish(level, transport, publish_of_batch);
  if (refusing == Refusing::all) {
    if (const auto error = first_error(places, publish_of_batch)) {
      shard.metrics().count_publish_error(error->code);
      co_return std::vector<Result<RecordAck>>(records.size(), *error);
    }
  }
  const auto outcomes = co_await publish_all(broker, shard, std::move(publishes));
  count_errors(shard.metrics(), places);
  count_errors(shard.metrics(), publish_of_batch);
  std::vector<Result<RecordAck>> acks;
  for (const Result<Place>& place : places) {
    if (place.has_error()) {
      acks.emplace_back(place.error());
    } else if (const auto& publish = publish_of_batch[place->batch]; publish.has_error()) {
      acks.emplace_back(publish.error());
    } else if (const PublishOutcome& outcome = outcomes[*publish]; outcome.ack.has_error()) {
      acks.emplace_back(outcome.ack.error());
    } else {
      acks.emplace_back(RecordAck{place->partition, outcome.ack->base_offset + place->at, outcome.ack->level});
    }
  }
  co_return acks;
}

}  // namespace leat::server
