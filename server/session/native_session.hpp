#pragma once

#include <memory>
#include <string>
#include <vector>

#include "protocol/native/codec.hpp"
#include "server/broker/broker.hpp"
#include "server/net/client_list.hpp"
#include "server/net/connection.hpp"
#include "server/session/send_room.hpp"
#include "server/session/subscriptions.hpp"

namespace leat::server {

struct NativeSessionOptions {
  std::size_t frame_bytes_max = 8U << 20;
  std::size_t in_flight_bytes_max = 16U << 20;  ///< published and not answered
  std::size_t outbox_bytes_max = 1U << 20;      ///< answers a peer does not read: beyond, its requests are not read either
  std::size_t subscriptions_max = 10'000;
  std::string peer;                         ///< its address, for the log
  Transport transport = Transport::native;  ///< for the metrics
  ClientEntry client;                       ///< where its name is entered
};

/// One client of the native protocol (PROTOCOL.md), whatever carries its frames. One shard.
class NativeSession final : public Session, public PublishSink, public std::enable_shared_from_this<NativeSession> {
 public:
  /// `sending`: of all that sessions have for peers that have not taken it yet.
  NativeSession(Broker& broker, Shard& shard, Connection& connection, const std::shared_ptr<ByteBudget>& sending,
                NativeSessionOptions options);
  /// Before the first input.
  void start() override;

  Result<Consumed> on_input(const Input& input) override;
  [[nodiscard]] bool wants_input() const override;
  void on_flushed() override;
  void drain() override;
  void on_closed() override;
  [[nodiscard]] bool established() const override { return established_; }
  [[nodiscard]] bool keeps_others_waiting() const override { return room_.keeps_others_waiting(); }

  void on_published(std::span<const PublishOutcome> outcomes) override;
  [[nodiscard]] Shard& shard() const override { return shard_; }

 private:
  enum class Handled { done, later };
  /// Answers a request, now or once there is room for the answer; an error ends the connection.
  Result<Handled> handle(const native::FrameView& frame, const Input& input);
  Result<void> answer_broken(const native::DecodeFailure& failure);
  Result<void> refuse_before_hello(std::uint64_t correlation);
  void publish(std::uint64_t correlation, const native::Publish& request, ByteSpan payload, const Input& input);
  Result<std::shared_ptr<Partition>> target_of(const native::TopicPartition& target);

  Result<void> on(std::uint64_t correlation, const native::Hello& hello);
  Result<void> on(std::uint64_t correlation, const native::Ping&);
  Result<void> on(std::uint64_t correlation, const native::CreateTopic& request);
  Result<void> on(std::uint64_t correlation, const native::DeleteTopic& request);
  Result<void> on(std::uint64_t correlation, const native::AlterTopic& request);
  Result<void> on(std::uint64_t correlation, const native::DescribeTopic& request);
  Result<void> on(std::uint64_t correlation, const native::ListTopics& request);
  Result<void> on(std::uint64_t correlation, const native::InitProducer&);
  Result<void> on(std::uint64_t correlation, const native::Read& request);
  Result<void> on(std::uint64_t correlation, const native::ListOffsets& request);
  Result<void> on(std::uint64_t correlation, const native::DeleteRecords& request);
  Result<void> on(std::uint64_t correlation, const native::Subscribe& request);
  Result<void> on(std::uint64_t correlation, const native::Credit& credit);
  Result<void> on(std::uint64_t correlation, const native::Unsubscribe& request);
  /// Everything else is a broker's to send.
  template <class Other>
  Result<void> on(std::uint64_t correlation, const Other&) {
    send_error(correlation, Error(Errc::unsupported_request, "not a request"));
    return ok();
  }

  /// Runs `work` (-> Result<Answer>) where it may wait for the disk, and sends its answer. An Answer is a message, with a payload
  /// maybe.
  struct Answer {
    native::Message message;
    std::vector<SharedBytes> payload;
    std::shared_ptr<Partition> partition = nullptr;  ///< that the payload was read from
    std::int64_t records = 0;                        ///< of the payload
  };
  /// `answer_bytes`: what the answer may come to; the session asks for no more while much is on its way.
  template <class Work>
  void answer_later(std::uint64_t correlation, std::size_t answer_bytes, Work work);
  /// The same for work that changes the topics.
  template <class Work>
  void answer_after_change(std::uint64_t correlation, std::size_t answer_bytes, Work work);
  template <class Work>
  [[nodiscard]] auto answering(std::uint64_t correlation, std::size_t answer_bytes, Work work);
  void answer(std::uint64_t correlation, std::size_t answer_bytes, const Result<Answer>& answer);

  void send(const native::Message& message, std::uint64_t correlation, std::span<const SharedBytes> payload = {},
            bool lent = false);
  void send(const native::Message& message, const storage::FileRange& payload);
  void send_error(std::uint64_t correlation, const Error& error);
  void refuse_publish(std::uint64_t correlation, const Error& error);
  void deliver(const Subscriptions::Delivery& delivery);
  void finish_request();
  void finish_drain();

  /// What there is for the peer, or on its way to it.
  [[nodiscard]] std::size_t outgoing_bytes() const;
  /// What is set aside for an answer before it is made; small ones are none of it.
  std::size_t answer_bytes_of(const native::Message& request);
  std::size_t answer_bytes_of(const native::Read& request, const Partition& partition) const;
  /// False when so much more has to wait: on_room() is called when there is room.
  bool may_send(std::size_t bytes) { return room_.has_room(outgoing_bytes() + bytes); }
  void on_room();
  [[nodiscard]] Subscriptions::Room room_for_deliveries();
  /// Brings the share in line with what there is to send.
  void settle_share();

  Broker& broker_;
  Shard& shard_;
  Connection* connection_;  ///< null once closed
  const NativeSessionOptions options_;
  std::shared_ptr<Subscriptions> subscriptions_;
  std::shared_ptr<Partition> last_target_;  ///< of a publish: the next one is most likely there too

  std::string client_name_;
  std::optional<std::chrono::steady_clock::time_point> received_at_;  ///< when the input began that is being handled, once asked
  std::size_t in_flight_bytes_ = 0;
  std::size_t requests_ = 0;       ///< being worked on elsewhere
  std::size_t answer_bytes_ = 0;   ///< that their answers may come to
  SendRoom room_;                  ///< for outgoing_bytes()
  bool request_waits_ = false;     ///< for room for its answer; it is handled then
  bool request_has_room_ = false;  ///< the one that waited
  bool established_ = false;
  bool broker_over_limit_ = false;
  bool draining_ = false;
};

}  // namespace leat::server
