#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/base/clock.hpp"
#include "server/metrics/counter.hpp"

namespace leat::server {

/// What went through a connection, without what TCP and WebSocket put around it. Its shard counts, any thread reads.
struct ClientTraffic {
  Counter received_bytes;
  Counter sent_bytes;
};

/// A connection as a person is told about it.
struct Client {
  std::uint64_t id = 0;  ///< in the order of connecting, never given twice
  std::string peer;      ///< address and port
  std::string protocol;  ///< leat.v1, http, sse, or the WebSocket's subprotocol behind "ws:"
  std::string name;      ///< what it calls itself; empty until it did
  TimestampMs since = 0;
  std::shared_ptr<ClientTraffic> traffic;
};

/// Who is connected, over all listeners. Any thread.
class ClientList : public std::enable_shared_from_this<ClientList> {
 public:
  /// A connection's place in the list, until destroyed. Any thread, and keeps the list alive.
  class Entry {
   public:
    Entry(std::shared_ptr<ClientList> list, std::uint64_t id, std::shared_ptr<ClientTraffic> traffic)
        : list_(std::move(list)), id_(id), traffic_(std::move(traffic)) {}
    Entry(const Entry&) = delete;
    Entry& operator=(const Entry&) = delete;
    ~Entry();

    [[nodiscard]] std::uint64_t id() const { return id_; }
    /// On the connection's shard.
    void received(std::size_t bytes) const { traffic_->received_bytes.add(bytes); }
    void sent(std::size_t bytes) const { traffic_->sent_bytes.add(bytes); }
    void set_protocol(std::string_view protocol) const;
    /// Cut where it is longer than a person wants to read.
    void set_name(std::string_view name) const;

   private:
    const std::shared_ptr<ClientList> list_;
    const std::uint64_t id_;
    const std::shared_ptr<ClientTraffic> traffic_;
  };

  std::shared_ptr<const Entry> enter(std::string peer, std::string protocol);
  /// Those with a greater id, by id, `count_max` of them at the most.
  [[nodiscard]] std::vector<Client> behind(std::uint64_t id, std::size_t count_max) const;

 private:
  mutable std::mutex mutex_;
  std::map<std::uint64_t, Client> clients_;
  std::uint64_t last_id_ = 0;
};

using ClientEntry = std::shared_ptr<const ClientList::Entry>;

}  // namespace leat::server
