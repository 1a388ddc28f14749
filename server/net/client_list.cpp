#include "server/net/client_list.hpp"

#include "protocol/base/clock.hpp"

namespace leat::server {
namespace {

constexpr std::size_t kNameBytesMax = 200;

}  // namespace

std::shared_ptr<const ClientList::Entry> ClientList::enter(std::string peer, std::string protocol) {
  auto traffic = std::make_shared<ClientTraffic>();
  const std::lock_guard lock(mutex_);
  const std::uint64_t id = ++last_id_;
  clients_.emplace(id, Client{id, std::move(peer), std::move(protocol), "", SystemClock().wall_ms(), traffic});
  return std::make_shared<const Entry>(shared_from_this(), id, std::move(traffic));
}

std::vector<Client> ClientList::behind(std::uint64_t id, std::size_t count_max) const {
  const std::lock_guard lock(mutex_);
  std::vector<Client> found;
  for (auto at = clients_.upper_bound(id); at != clients_.end() && found.size() < count_max; ++at) found.push_back(at->second);
  return found;
}

ClientList::Entry::~Entry() {
  const std::lock_guard lock(list_->mutex_);
  list_->clients_.erase(id_);
}

void ClientList::Entry::set_protocol(std::string_view protocol) const {
  const std::lock_guard lock(list_->mutex_);
  list_->clients_.at(id_).protocol = protocol;
}

void ClientList::Entry::set_name(std::string_view name) const {
  const std::lock_guard lock(list_->mutex_);
  list_->clients_.at(id_).name = name.substr(0, kNameBytesMax);
}

}  // namespace leat::server
