#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "leat/client.hpp"
#include "leat/consumer.hpp"

namespace leat::tool {

/// A consumer of any number of partitions: where the broker takes no more subscriptions of one connection, it opens another. The
/// first connection is the caller's and outlives it. One thread, but close() is for any.
class SpreadConsumer {
 public:
  SpreadConsumer(Client& first, ClientOptions options);
  ~SpreadConsumer();
  SpreadConsumer(const SpreadConsumer&) = delete;
  SpreadConsumer& operator=(const SpreadConsumer&) = delete;

  /// Not after the first next().
  Result<void> subscribe(const std::string& topic, Offset from, PartitionId partition);

  /// The next records, as Consumer::next() has them; waits until there are any.
  Result<RecordBatch> next();
  /// The same where there are some already; otherwise nothing.
  std::optional<Result<RecordBatch>> try_next();
  /// next() returns Errc::closed from now on.
  void close();

  [[nodiscard]] std::size_t connections() const { return parts_.size(); }

 private:
  struct Arrivals;
  struct Part {
    std::unique_ptr<Client> client;  ///< null: the caller's
    std::unique_ptr<Consumer> consumer;
  };

  void take_from(std::size_t part);
  void begin();

  const ClientOptions options_;
  std::shared_ptr<Arrivals> arrivals_;
  std::vector<Part> parts_;
};

}  // namespace leat::tool
