#include "server/session/feed_parts.hpp"

#include "server/broker/await.hpp"

namespace leat::server {
namespace {

Result<std::vector<RecordFeed::Part>> resolve_each(std::vector<RecordFeed::Part> parts, const StartPosition& from) {
  for (RecordFeed::Part& part : parts) {
    LEAT_ASSIGN(part.from, resolve(from, *part.partition));
  }
  return parts;
}

}  // namespace

Result<std::vector<RecordFeed::Part>> parts_of(const TopicRegistry& topics, std::span<const std::string> names,
                                               std::optional<PartitionId> partition, std::size_t parts_max) {
  std::vector<RecordFeed::Part> parts;
  for (const std::string& name : names) {
    const TopicEntryPtr topic = topics.by_name(name);
    if (!topic) return Error(Errc::unknown_topic, name);
    const std::size_t more = partition ? 1 : topic->partitions.size();
    if (more > parts_max - parts.size()) return Error(Errc::limit_reached, std::to_string(parts_max) + " partitions");
    if (partition) {
      LEAT_ASSIGN(auto one, topics.partition({topic->catalog.id, *partition}));
      parts.push_back({name, std::move(one), Offset(0)});
      continue;
    }
    for (const auto& one : topic->partitions) parts.push_back({name, one, Offset(0)});
  }
  return parts;
}

boost::asio::awaitable<Result<std::vector<RecordFeed::Part>>> resolve_parts(Broker& broker, std::vector<RecordFeed::Part> parts,
                                                                            StartPosition from) {
  // Only a time is looked for on the disk.
  if (from.kind != StartPosition::Kind::timestamp) co_return resolve_each(std::move(parts), from);
  // Named, as GCC 12 destroys what a lambda within a co_await has captured twice.
  auto look_up = [parts = std::move(parts), from]() mutable { return resolve_each(std::move(parts), from); };
  co_return co_await run_blocking(broker, std::move(look_up));
}

}  // namespace leat::server
