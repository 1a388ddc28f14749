#include "client/src/request_table.hpp"

#include <algorithm>
#include <utility>

namespace leat::client {

std::optional<Request> RequestTable::take(std::uint64_t correlation) {
  auto node = requests_.extract(correlation);
  if (node.empty()) return std::nullopt;
  return std::move(node.mapped());
}

template <class Over>
std::vector<Request> RequestTable::take_if(Over over) {
  std::vector<Request> taken;
  for (auto it = requests_.begin(); it != requests_.end();) {
    if (over(it->second)) {
      taken.push_back(std::move(it->second));
      it = requests_.erase(it);
    } else {
      ++it;
    }
  }
  return taken;
}

std::vector<Request> RequestTable::take_lost() {
  return take_if([](Request& request) { return std::exchange(request.sent, false) && !request.repeatable; });
}

std::vector<Request> RequestTable::take_expired(std::chrono::steady_clock::time_point now) {
  return take_if([now](const Request& request) { return request.deadline <= now; });
}

std::vector<Request> RequestTable::take_all() {
  return take_if([](const Request&) { return true; });
}

std::optional<std::chrono::steady_clock::time_point> RequestTable::earliest_deadline() const {
  std::optional<std::chrono::steady_clock::time_point> earliest;
  for (const auto& [correlation, request] : requests_) {
    if (!earliest || request.deadline < *earliest) earliest = request.deadline;
  }
  return earliest;
}

}  // namespace leat::client
