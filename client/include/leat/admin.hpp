#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "leat/async.hpp"
#include "leat/client.hpp"
#include "leat/record.hpp"

namespace leat {

using native::PartitionInfo;
using native::Setting;
using native::TopicInfo;

/// A topic to be created or changed.
struct TopicSpec {
  std::string name;
  /// To create: 0 takes the broker's default. To alter: 0 leaves the number as it is; otherwise not fewer than now.
  std::int32_t partitions = 0;
  std::vector<Setting> settings;  ///< the broker's topic settings, e.g. {"retention.ms", "86400000"}
};

/// Which offset of a partition is asked for.
struct OffsetQuery {
  native::OffsetSpec spec = native::OffsetSpec::latest;
  TimestampMs timestamp = 0;  ///< milliseconds since 1970, for OffsetSpec::timestamp

  static OffsetQuery earliest() { return {native::OffsetSpec::earliest, 0}; }  ///< the oldest record still there
  static OffsetQuery latest() { return {native::OffsetSpec::latest, 0}; }      ///< the end: where the next record will be
  /// The first record at or after the time; the end when there is none.
  static OffsetQuery at_time(TimestampMs timestamp) { return {native::OffsetSpec::timestamp, timestamp}; }
};

struct ListedOffset {
  Offset offset;
  TimestampMs timestamp = -1;  ///< the record's, when asked by time; -1 when no record is that late
};

/// Topics and their offsets. Cheap to make; borrows nothing from the Client, whose connection it shares.
///
/// Threads: any; the blocking functions not on the client's own. Fails with the broker's error (topic_exists, unknown_topic,
/// invalid_topic_name, invalid_argument...) or as Client says. What succeeded is durable on return. Creating, altering and
/// deleting are not repeated when the connection is lost (Errc::connection_lost: the outcome is unknown); the others are.
class Admin {
 public:
  explicit Admin(Client& client) : core_(client.core()) {}

  /// Fails with topic_exists; the outcome is the topic as it was created, with all its settings.
  Result<TopicInfo> create_topic(TopicSpec spec);
  template <CompletionToken<TopicInfo> Token>
  auto async_create_topic(TopicSpec spec, Token&& token) {
    return initiate<TopicInfo>(core_, std::forward<Token>(token), &Admin::start_create, std::move(spec));
  }

  /// Deletes the topic with its records. Those who follow it get unknown_topic.
  Result<void> delete_topic(std::string name);
  template <CompletionToken<void> Token>
  auto async_delete_topic(std::string name, Token&& token) {
    return initiate<void>(core_, std::forward<Token>(token), &Admin::start_delete, std::move(name));
  }

  /// Changes the settings that are named, leaves the others. More partitions move keys (see Producer).
  Result<TopicInfo> alter_topic(TopicSpec spec);
  template <CompletionToken<TopicInfo> Token>
  auto async_alter_topic(TopicSpec spec, Token&& token) {
    return initiate<TopicInfo>(core_, std::forward<Token>(token), &Admin::start_alter, std::move(spec));
  }

  /// The topic's partitions with where each begins and ends now, and its settings.
  Result<TopicInfo> describe_topic(std::string name);
  template <CompletionToken<TopicInfo> Token>
  auto async_describe_topic(std::string name, Token&& token) {
    return initiate<TopicInfo>(core_, std::forward<Token>(token), &Admin::start_describe, std::move(name));
  }

  /// All topics, in the byte order of their names.
  Result<std::vector<TopicInfo>> list_topics();
  template <CompletionToken<std::vector<TopicInfo>> Token>
  auto async_list_topics(Token&& token) {
    return initiate<std::vector<TopicInfo>>(core_, std::forward<Token>(token), &Admin::start_list);
  }

  Result<ListedOffset> list_offsets(std::string topic, PartitionId partition, OffsetQuery query);
  template <CompletionToken<ListedOffset> Token>
  auto async_list_offsets(std::string topic, PartitionId partition, OffsetQuery query, Token&& token) {
    return initiate<ListedOffset>(core_, std::forward<Token>(token), &Admin::start_list_offsets, std::move(topic), partition,
                                  query);
  }

  /// Deletes the records before an offset; returns where the log starts now.
  Result<Offset> delete_records(std::string topic, PartitionId partition, Offset before);
  template <CompletionToken<Offset> Token>
  auto async_delete_records(std::string topic, PartitionId partition, Offset before, Token&& token) {
    return initiate<Offset>(core_, std::forward<Token>(token), &Admin::start_delete_records, std::move(topic), partition, before);
  }

 private:
  static void start_create(client::Core& core, TopicSpec spec, Handler<TopicInfo> handler);
  static void start_delete(client::Core& core, std::string name, Handler<void> handler);
  static void start_alter(client::Core& core, TopicSpec spec, Handler<TopicInfo> handler);
  static void start_describe(client::Core& core, std::string name, Handler<TopicInfo> handler);
  static void start_list(client::Core& core, Handler<std::vector<TopicInfo>> handler);
  static void start_list_offsets(client::Core& core, std::string topic, PartitionId partition, OffsetQuery query,
                                 Handler<ListedOffset> handler);
  static void start_delete_records(client::Core& core, std::string topic, PartitionId partition, Offset before,
                                   Handler<Offset> handler);

  std::shared_ptr<client::Core> core_;
};

}  // namespace leat
