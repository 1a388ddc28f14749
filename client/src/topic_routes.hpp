#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "leat/detail/unique_function.hpp"
#include "protocol/base/result.hpp"
#include "protocol/base/uuid.hpp"
#include "protocol/native/messages.hpp"

namespace leat::client {

/// What has to be known of a topic to reach its partitions.
struct TopicRoute {
  TopicId id;
  std::int32_t partitions = 0;
  std::optional<std::size_t> message_bytes_max;
};

/// The largest record batch that the topic takes; nothing when the broker does not say.
std::optional<std::size_t> message_bytes_max(const native::TopicInfo& topic);

/// invalid_topic_name for what is too long to be a name. The broker has more rules; this one keeps requests within its frames.
Result<void> check_topic_name(std::string_view name);

/// The topics asked about so far, and who waits for the answer to the one question a topic that is under way. One thread.
class TopicRoutes {
 public:
  using RouteHandler = UniqueFunction<void(const Result<TopicRoute>&)>;

  [[nodiscard]] std::optional<TopicRoute> known(const std::string& topic) const;
  /// True when nobody waited yet, so that the question has to be asked.
  bool wait(const std::string& topic, RouteHandler handler);
  /// Ends the waiting. A success is remembered until forget().
  void answer(const std::string& topic, const Result<TopicRoute>& route);
  void forget(const std::string& topic) { known_.erase(topic); }

 private:
  std::unordered_map<std::string, TopicRoute> known_;
  std::unordered_map<std::string, std::vector<RouteHandler>> waiting_;
};

}  // namespace leat::client
