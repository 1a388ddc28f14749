#include "client/src/topic_routes.hpp"

#include <charconv>
#include <utility>

namespace leat::client {

std::optional<std::size_t> message_bytes_max(const native::TopicInfo& topic) {
  for (const native::Setting& setting : topic.settings) {
    if (setting.key != "max.message.bytes") continue;
    std::size_t value = 0;
    const char* const end = setting.value.data() + setting.value.size();
    const auto parsed = std::from_chars(setting.value.data(), end, value);
    if (parsed.ec == std::errc() && parsed.ptr == end && value > 0) return value;
  }
  return std::nullopt;
}

Result<void> check_topic_name(std::string_view name) {
  constexpr std::size_t kNameBytesMax = 249;
  if (name.size() <= kNameBytesMax) return ok();
  return Error(Errc::invalid_topic_name,
               "a name of " + std::to_string(name.size()) + " bytes, and at most " + std::to_string(kNameBytesMax));
}

std::optional<TopicRoute> TopicRoutes::known(const std::string& topic) const {
  const auto found = known_.find(topic);
  if (found == known_.end()) return std::nullopt;
  return found->second;
}

bool TopicRoutes::wait(const std::string& topic, RouteHandler handler) {
  auto& waiting = waiting_[topic];
  waiting.push_back(std::move(handler));
  return waiting.size() == 1;
}

void TopicRoutes::answer(const std::string& topic, const Result<TopicRoute>& route) {
  if (route.has_value()) {
    known_[topic] = *route;
  } else {
    known_.erase(topic);
  }
  auto node = waiting_.extract(topic);
  if (node.empty()) return;
  for (RouteHandler& handler : node.mapped()) handler(route);
}

}  // namespace leat::client
