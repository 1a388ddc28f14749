#include "server/server.hpp"

#include <sys/resource.h>

#include <algorithm>
#include <sstream>
#include <thread>

#include "server/broker/broker.hpp"
#include "server/config/load_config.hpp"
#include "server/config/logging.hpp"
#include "server/http/http_api.hpp"
#include "server/net/http_endpoint.hpp"
#include "server/net/native_endpoint.hpp"
#include "storage/io/open_files.hpp"
#include "storage/io/posix_file_system.hpp"

namespace leat::server {
namespace {

constexpr std::chrono::milliseconds kDrainDeadline{10'000};

std::size_t descriptors_allowed() {
  rlimit limit{};
  return ::getrlimit(RLIMIT_NOFILE, &limit) == 0 ? limit.rlim_cur : 1024;
}

std::size_t shards(const ServerConfig& config) {
  // One core's time is for the writers of journal and segments.
  const std::size_t all_but_one = std::max(2U, std::thread::hardware_concurrency()) - 1;
  return std::min(config.limits.threads != 0 ? config.limits.threads : all_but_one, kShardsMax);
}

/// How the process's file descriptors are shared out: connections must not take those without which the log stops.
struct Descriptors {
  explicit Descriptors(const ServerConfig& config) : all(descriptors_allowed()) {
    // The journal's files stay open, a thread has some to wait with, and every file that is replaced as a whole needs one.
    const std::size_t own = kOwn + kOfEachShard * shards(config) + config.storage.journal_files_max;
    const std::size_t left = all - std::min(own, all);
    segments = std::max(kSegmentsMin, left / 3);
    connections = std::max<std::size_t>(1, left - std::min(segments, left));
  }

  /// With fewer a topic can neither be made nor taken back, and then nothing more may be written.
  static constexpr std::size_t kFewest = 32;
  static constexpr std::size_t kOwn = 20 + storage::OpenFiles::kSharedMax;
  static constexpr std::size_t kOfEachShard = 3;
  static constexpr std::size_t kSegmentsMin = 8;
  std::size_t all;
  std::size_t segments;  ///< and their indexes, whatever the number of partitions
  std::size_t connections;
};

storage::TopicConfig topic_defaults(const ServerConfig& config) {
  storage::TopicConfig defaults;
  defaults.retention_ms = config.topic_defaults.retention_ms;
  defaults.retention_bytes = config.topic_defaults.retention_bytes;
  defaults.segment_bytes = static_cast<std::int64_t>(config.default_segment_bytes());
  defaults.batch_bytes_max = static_cast<std::int64_t>(config.topic_defaults.max_message_bytes);
  defaults.durability =
      config.topic_defaults.durability == Durability::os ? storage::Durability::os : storage::Durability::durable;
  return defaults;
}

BrokerOptions broker_options(const ServerConfig& config) {
  BrokerOptions options;
  options.store.data_dir = config.data_dir;
  options.store.topic_defaults = topic_defaults(config);
  options.store.journal.file_bytes = config.storage.journal_file_bytes;
  options.store.journal.files_max = config.storage.journal_files_max;
  options.store.queue.queued_bytes_max = config.storage.commit_queue_bytes_max;
  options.store.queue.tail_bytes_max = config.storage.tail_cache_bytes;
  options.store.disk_reserve_bytes = config.storage.disk_reserve_bytes;
  options.store.partitions_max = static_cast<std::int32_t>(config.limits.partitions_max);
  options.store.open_files_max = Descriptors(config).segments;
  options.maintenance.checkpoint_interval = std::chrono::milliseconds(config.storage.checkpoint_interval_ms);
  options.maintenance.retention_interval = std::chrono::milliseconds(config.storage.retention_check_interval_ms);
  options.shards = shards(config);
  options.default_partitions = static_cast<std::int32_t>(config.topic_defaults.partitions);
  options.topics_max = config.limits.topics_max;
  options.batch_bytes_max = config.limits.frame_bytes_max - native::kPublishHeaderBytesMax;
  return options;
}

NativeSessionOptions session_options(const ServerConfig& config) {
  NativeSessionOptions options;
  options.frame_bytes_max = config.limits.frame_bytes_max;
  options.in_flight_bytes_max = config.limits.session_in_flight_bytes_max;
  options.outbox_bytes_max = config.limits.session_outbox_bytes_max;
  options.subscriptions_max = config.limits.subscriptions_per_session_max;
  return options;
}

ConnectionTimeouts timeouts(const ServerConfig& config) {
  ConnectionTimeouts timeouts;
  timeouts.handshake = std::chrono::milliseconds(config.limits.handshake_timeout_ms);
  timeouts.frame = std::chrono::milliseconds(config.limits.frame_timeout_ms);
  timeouts.send = std::chrono::milliseconds(config.limits.send_timeout_ms);
  return timeouts;
}

NativeEndpointOptions native_options(const ServerConfig& config, const Endpoint& listen, std::shared_ptr<ClientList> clients) {
  return {listen, session_options(config), timeouts(config), std::move(clients)};
}

HttpEndpointOptions http_options(const ServerConfig& config, const Endpoint& listen, std::shared_ptr<ClientList> clients) {
  HttpEndpointOptions options;
  options.listen = listen;
  options.connection.timeouts = timeouts(config);
  options.connection.body_bytes_max = config.limits.frame_bytes_max;
  options.connection.message_bytes_max = config.limits.frame_bytes_max;
  options.clients = std::move(clients);
  return options;
}

HttpApiOptions http_api_options(const ServerConfig& config, const Endpoint& listen) {
  HttpApiOptions options;
  std::istringstream origins(config.http.allowed_origins);
  for (std::string origin; origins >> origin;) options.allowed_origins.push_back(origin);
  options.on_loopback = listen.is_loopback();
  options.native_session = session_options(config);
  options.text_session.in_flight_bytes_max = config.limits.session_in_flight_bytes_max;
  options.text_session.outbox_bytes_max = config.limits.session_outbox_bytes_max;
  options.text_session.subscriptions_max = config.limits.subscriptions_per_session_max;
  return options;
}

Result<std::size_t> connections_limit(const ServerConfig& config) {
  const Descriptors descriptors(config);
  if (descriptors.all < Descriptors::kFewest) {
    return Error(Errc::limit_reached, "this process may open " + std::to_string(descriptors.all) + " files, it needs " +
                                          std::to_string(Descriptors::kFewest) +
                                          " and one more for each connection: raise ulimit -n (systemd: LimitNOFILE)");
  }
  if (descriptors.connections < config.limits.connections_max) {
    log::warn("fewer connections than configured, for want of file descriptors",
              {{"connections", descriptors.connections}, {"descriptors", descriptors.all}});
  }
  return std::min<std::size_t>(config.limits.connections_max, descriptors.connections);
}

void log_recovery(const storage::Store& store, const std::string& data_dir) {
  const storage::RecoveryReport& report = store.recovery_report();
  log::info(report.created ? "data directory created" : "data directory opened", {{"path", data_dir},
                                                                                  {"broker_id", store.broker_id().to_string()},
                                                                                  {"after_crash", report.after_crash},
                                                                                  {"journal_groups", report.groups_replayed},
                                                                                  {"batches_replayed", report.batches_replayed}});
  for (const storage::Path& path : report.quarantined) {
    log::warn("directory of an unknown topic moved aside", {{"path", path.string()}});
  }
}

}  // namespace

struct Server::Parts {
  storage::PosixFileSystem fs;
  SystemClock clock;
  SystemRandom random;
  std::unique_ptr<ConnectionLimiter> limiter;
  std::unique_ptr<Broker> broker;
  std::unique_ptr<NativeEndpoint> native;
  std::unique_ptr<HttpApi> http_api;
  std::unique_ptr<HttpEndpoint> http;  ///< null when off

  Result<void> bind(const ServerConfig& config);
  bool running = false;
};

Result<void> Server::Parts::bind(const ServerConfig& config) {
  const NetworkMemory memory = make_network_memory(config.limits.receive_bytes_max, config.limits.send_bytes_max);
  LEAT_ASSIGN(const Endpoint listen, parse_endpoint(config.listen.native));
  const auto clients = std::make_shared<ClientList>();
  LEAT_ASSIGN(native, NativeEndpoint::bind(*broker, *limiter, memory, native_options(config, listen, clients)));
  if (config.listen.http == kOff) return ok();
  LEAT_ASSIGN(const Endpoint listen_http, parse_endpoint(config.listen.http));
  HttpApiOptions api_options = http_api_options(config, listen_http);
  api_options.clients = clients;
  api_options.connections = [&limiter = *limiter] { return limiter.connections(); };
  http_api = std::make_unique<HttpApi>(*broker, memory, std::move(api_options));
  LEAT_ASSIGN(http, HttpEndpoint::bind(*broker, *limiter, *http_api, memory, http_options(config, listen_http, clients)));
  return ok();
}

Server::Server(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

Result<std::unique_ptr<Server>> Server::start(const ServerConfig& config) {
  LEAT_TRY(validate(config));
  auto parts = std::make_unique<Parts>();
  LEAT_ASSIGN(const std::size_t connections_max, connections_limit(config));
  parts->limiter = std::make_unique<ConnectionLimiter>(connections_max, config.limits.connections_per_address_max);
  LEAT_ASSIGN(parts->broker, Broker::open(parts->fs, parts->clock, parts->random, broker_options(config)));
  log_recovery(parts->broker->store(), config.data_dir);
  if (auto bound = parts->bind(config); bound.has_error()) {
    LEAT_TRY(parts->broker->stop());  // or the next start would take this for a crash
    return std::move(bound).error();
  }
  parts->broker->start();
  parts->native->start();
  if (parts->http) parts->http->start();
  parts->running = true;
  log::info("listening", {{"native", parts->native->endpoint().to_string()},
                          {"http", parts->http ? parts->http->endpoint().to_string() : std::string(kOff)},
                          {"threads", parts->broker->shards().size()}});
  return std::unique_ptr<Server>(new Server(std::move(parts)));
}

Server::~Server() {
  if (!parts_->running) return;
  if (const auto stopped = stop(); stopped.has_error()) log::error("shutdown", {{"error", stopped.error().message()}});
}

Result<void> Server::stop() {
  if (!parts_->running) return ok();
  parts_->running = false;
  parts_->broker->begin_drain();
  if (parts_->http) parts_->http->stop(kDrainDeadline);
  parts_->native->stop(kDrainDeadline);
  return parts_->broker->stop();
}

std::uint16_t Server::native_port() const { return parts_->native->endpoint().port; }

std::uint16_t Server::http_port() const { return parts_->http ? parts_->http->endpoint().port : 0; }

Broker& Server::broker() { return *parts_->broker; }

std::size_t Server::connections() const { return parts_->limiter->connections(); }

}  // namespace leat::server
