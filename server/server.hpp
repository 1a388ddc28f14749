#pragma once

#include <cstdint>
#include <memory>

#include "protocol/base/result.hpp"
#include "server/config/server_config.hpp"

namespace leat::server {

class Broker;

/// A whole broker in this process: what leatd runs, and what a test embeds.
///
///     ServerConfig config;
///     config.data_dir = directory;
///     config.listen.native = "127.0.0.1:0";
///     auto server = Server::start(config).value();
///     leat::Client client({.server = "leat://127.0.0.1:" + std::to_string(server->native_port())});
///
/// Its threads are its own; start, stop and destruction are the owner's, from one thread.
class Server {
 public:
  /// Opens the data directory, recovers it, and listens. On an empty directory in well under a second. Errors: invalid_argument
  /// for a configuration that cannot be, and whatever Store::open and binding say.
  static Result<std::unique_ptr<Server>> start(const ServerConfig& config);
  /// Stops, if that was not done.
  ~Server();

  /// Orderly: accepts no more, answers what it has, closes the connections (within ten seconds), brings everything to the disk
  /// and marks the directory as clean.
  Result<void> stop();

  [[nodiscard]] std::uint16_t native_port() const;
  /// 0 when HTTP is off.
  [[nodiscard]] std::uint16_t http_port() const;
  [[nodiscard]] Broker& broker();
  [[nodiscard]] std::size_t connections() const;

 private:
  struct Parts;
  explicit Server(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace leat::server
