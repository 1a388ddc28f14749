#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "protocol/cloudevents/filter.hpp"
#include "server/session/send_room.hpp"
#include "server/session/subscriptions.hpp"
#include "server/session/text_batch.hpp"

namespace leat::server {

/// The subscriptions of a session that sends text: record by record, filtered, as far as the subscriber has granted credit and
/// the connection has room. What cannot be sent now is not kept but read again later, so a slow subscriber costs what is on its
/// way to it and no more. One shard.
class RecordFeed final : public LagSource {
 public:
  struct Part {
    std::string topic;
    std::shared_ptr<Partition> partition;
    Offset from;
  };
  struct Request {
    std::uint32_t id = 0;
    std::vector<Part> parts;
    std::optional<cloudevents::Filter> filter;
    std::optional<std::uint64_t> credit;  ///< records; none: as fast as the connection takes them
  };
  /// Records of one partition that are to be sent, in order; valid during the call.
  struct Delivery {
    std::uint32_t id = 0;
    const Part& part;  ///< `from` is behind these records
    const TextBatch::Piece& piece;
    Offset high_watermark;
  };
  struct Output {
    std::function<void(const Delivery&)> deliver;
    /// Records that cannot be read are passed over.
    std::function<void(std::uint32_t id, const Part&, Offset next, const Error&)> skipped;
    /// There will be nothing more of this partition.
    std::function<void(std::uint32_t id, const Part&, const Error&)> ended;
    std::function<std::size_t()> unsent_bytes;
    Transport transport = Transport::leat_json;  ///< for the metrics
    std::uint64_t client = 0;                    ///< its id in the list of clients
  };

  RecordFeed(Broker& broker, Shard& shard, const std::shared_ptr<ByteBudget>& sending, TextBatches& batches, TextForm form,
             Output output);
  ~RecordFeed() override { close(); }
  RecordFeed(const RecordFeed&) = delete;
  RecordFeed& operator=(const RecordFeed&) = delete;

  /// invalid_argument for an id in use, offset_out_of_range.
  Result<void> add(Request request);
  bool remove(std::uint32_t id);
  bool add_credit(std::uint32_t id, std::uint64_t records);
  /// The connection has room.
  void pump();
  void close();
  /// As Session::keeps_others_waiting.
  [[nodiscard]] bool keeps_others_waiting() const { return room_.keeps_others_waiting(); }
  [[nodiscard]] bool has(std::uint32_t id) const { return by_id_.contains(id); }
  [[nodiscard]] std::size_t parts() const { return by_number_.size(); }
  void report_lag(LagReport& report) const override;

 private:
  struct Subscription {
    std::uint32_t id = 0;
    std::optional<cloudevents::Filter> filter;
    std::optional<std::uint64_t> credit;
    std::vector<std::uint32_t> numbers;
  };
  struct Source {
    Subscription* subscription;
    Part part;
    enum class Waits : std::uint8_t { for_records, for_room, for_credit } waits = Waits::for_records;
  };

  void deliver(const Subscriptions::Delivery& delivery);
  /// False when it had to stop within the batch.
  bool deliver_batch(Source& source, ByteSpan batch, Offset high_watermark);
  bool deliver_piece(Source& source, const TextBatch::Piece& piece, Offset high_watermark);
  void pause(std::uint32_t number, Source& source);
  void resume(std::uint32_t number, Source& source);
  void end(std::uint32_t number, const Error& error);
  [[nodiscard]] Subscriptions::Room room();
  [[nodiscard]] bool has_credit(const Source& source) const;
  [[nodiscard]] std::size_t outgoing_bytes() const;

  Shard& shard_;
  TextBatches& batches_;
  const TextForm form_;
  const Output output_;
  SendRoom room_;
  std::shared_ptr<Subscriptions> subscriptions_;
  std::map<std::uint32_t, Subscription> by_id_;
  std::unordered_map<std::uint32_t, Source> by_number_;
  std::deque<std::uint32_t> waiting_for_room_;
  std::uint32_t last_number_ = 0;
};

}  // namespace leat::server
