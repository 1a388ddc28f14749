// What a FakeBroker answers.
#include <algorithm>

#include "protocol/base/random.hpp"
#include "tests/client/fake/fake_broker.hpp"

namespace leat::testing {
namespace {

constexpr std::size_t kDeliveryBytesMax = 64 << 10;

native::ErrorReply error_reply(Errc code, std::string message = {}) { return {code, std::move(message), is_retriable(code)}; }

}  // namespace

void FakeBroker::handle(FakeSession& session, const native::Decoded& decoded, ByteSpan payload) {
  const native::Message& message = decoded.message;
  ++requests_;
  if (const auto* publish = std::get_if<native::Publish>(&message)) {
    handle_publish(session, *publish, decoded.correlation, payload);
  } else {
    const RequestAction action = request_hook_ ? request_hook_(message) : RequestAction::answer;
    if (action == RequestAction::drop) {
      session.close();
    } else if (action == RequestAction::refuse_internal) {
      session.send(error_reply(Errc::internal, "told to"), decoded.correlation);
    } else if (action == RequestAction::refuse_overloaded) {
      session.send(error_reply(Errc::overloaded, "told to"), decoded.correlation);
    } else if (action == RequestAction::answer) {
      handle_topics(session, message, decoded.correlation);
      handle_partition(session, message, decoded.correlation);
    }
  }
  happened_.notify_all();
}

void FakeBroker::handle_topics(FakeSession& session, const native::Message& message, std::uint64_t correlation) {
  if (std::holds_alternative<native::Hello>(message)) {
    session.send(native::HelloReply{1, "fake", "0", {}, frame_bytes_max_, in_flight_bytes_max_}, correlation);
  } else if (std::holds_alternative<native::Ping>(message)) {
    session.send(native::Pong{}, correlation);
  } else if (std::holds_alternative<native::InitProducer>(message)) {
    session.send(native::InitProducerReply{ProducerId(next_producer_++), 0}, correlation);
  } else if (const auto* describe_topic = std::get_if<native::DescribeTopic>(&message)) {
    const Topic* topic = find(describe_topic->name);
    if (topic == nullptr) return session.send(error_reply(Errc::unknown_topic, describe_topic->name), correlation);
    session.send(native::TopicReply{describe(describe_topic->name, *topic)}, correlation);
  } else if (const auto* create = std::get_if<native::CreateTopic>(&message)) {
    if (find(create->name) != nullptr) return session.send(error_reply(Errc::topic_exists, create->name), correlation);
    SystemRandom random;
    Topic& topic = topics_[create->name];
    topic = {Uuid::random(random), std::vector<FakePartition>(static_cast<std::size_t>(std::max(create->partitions, 1))), {}};
    session.send(native::TopicReply{describe(create->name, topic)}, correlation);
  } else if (const auto* alter = std::get_if<native::AlterTopic>(&message)) {
    Topic* topic = find(alter->name);
    if (topic == nullptr) return session.send(error_reply(Errc::unknown_topic, alter->name), correlation);
    if (alter->partitions > 0) topic->partitions.resize(static_cast<std::size_t>(alter->partitions));
    session.send(native::TopicReply{describe(alter->name, *topic)}, correlation);
  } else if (const auto* remove = std::get_if<native::DeleteTopic>(&message)) {
    if (topics_.erase(remove->name) == 0) return session.send(error_reply(Errc::unknown_topic, remove->name), correlation);
    session.send(native::Done{}, correlation);
  } else if (const auto* list = std::get_if<native::ListTopics>(&message)) {
    // Two a page, so that every test that lists more sees pages.
    native::TopicListReply reply;
    for (auto it = topics_.upper_bound(list->after); it != topics_.end(); ++it) {
      if (reply.topics.size() == 2) {
        reply.more = true;
        break;
      }
      reply.topics.push_back(describe(it->first, it->second));
    }
    session.send(reply, correlation);
  }
}

void FakeBroker::handle_partition(FakeSession& session, const native::Message& message, std::uint64_t correlation) {
  if (const auto* list = std::get_if<native::ListOffsets>(&message)) {
    FakePartition* partition = find(list->target).second;
    if (partition == nullptr) return session.send(error_reply(Errc::unknown_topic), correlation);
    const bool earliest = list->spec == native::OffsetSpec::earliest;
    session.send(native::ListOffsetsReply{earliest ? partition->log_start() : partition->high_watermark(), -1}, correlation);
  } else if (const auto* remove = std::get_if<native::DeleteRecords>(&message)) {
    FakePartition* partition = find(remove->target).second;
    if (partition == nullptr) return session.send(error_reply(Errc::unknown_topic), correlation);
    partition->delete_before(remove->before);
    session.send(native::DeleteRecordsReply{remove->before}, correlation);
  } else if (const auto* subscribe = std::get_if<native::Subscribe>(&message)) {
    handle_subscribe(session, *subscribe, correlation);
  } else if (const auto* credit = std::get_if<native::Credit>(&message)) {
    const auto found = session.subscriptions.find(credit->subscription);
    if (found == session.subscriptions.end()) return;
    found->second.credit_bytes += credit->bytes;
    deliver(session, found->first, found->second);
  } else if (const auto* unsubscribe = std::get_if<native::Unsubscribe>(&message)) {
    const bool known = session.subscriptions.erase(unsubscribe->subscription) > 0;
    if (known) return session.send(native::Done{}, correlation);
    session.send(error_reply(Errc::unknown_subscription), correlation);
  }
}

void FakeBroker::handle_subscribe(FakeSession& session, const native::Subscribe& subscribe, std::uint64_t correlation) {
  FakePartition* partition = find(subscribe.target).second;
  if (partition == nullptr) return session.send(error_reply(Errc::unknown_topic), correlation);
  if (subscribe.offset < partition->log_start() || subscribe.offset > partition->high_watermark()) {
    return session.send(error_reply(Errc::offset_out_of_range, "told so"), correlation);
  }
  if (session.subscriptions.size() >= subscriptions_max_) return session.send(error_reply(Errc::limit_reached), correlation);
  session.send(native::SubscribeReply{partition->log_start(), partition->high_watermark()}, correlation);
  auto& subscription = session.subscriptions[subscribe.subscription];
  subscription = {subscribe.target, subscribe.offset, subscribe.credit_bytes};
  deliver(session, subscribe.subscription, subscription);
}

void FakeBroker::deliver_all() {
  for (const auto& session : std::vector(sessions_)) {
    for (auto& [number, subscription] : session->subscriptions) deliver(*session, number, subscription);
  }
}

void FakeBroker::deliver(FakeSession& session, std::uint32_t number, FakeSession::Subscription& subscription) {
  const FakePartition* partition = find(subscription.target).second;
  if (partition == nullptr) return;
  std::vector<std::byte> payload;
  const auto send = [&] {
    session.send(native::Deliver{number, subscription.next, partition->high_watermark()}, 0, payload);
    delivered_bytes_ += static_cast<std::int64_t>(payload.size());
    payload.clear();
  };
  for (const FakePartition::Batch* batch : partition->batches_from(subscription.next)) {
    if (subscription.credit_bytes <= 0) break;
    payload.insert(payload.end(), batch->bytes.begin(), batch->bytes.end());
    subscription.credit_bytes -= static_cast<std::int64_t>(batch->bytes.size());
    subscription.next = batch->next;
    if (payload.size() >= kDeliveryBytesMax) send();
  }
  if (!payload.empty()) send();
}

void FakeBroker::handle_publish(FakeSession& session, const native::Publish& publish, std::uint64_t correlation,
                                ByteSpan payload) {
  const auto [name, partition] = find(publish.target);
  const auto header = record::parse_batch_header(payload);
  if (header.has_error()) return session.send(error_reply(Errc::invalid_batch), correlation);
  const SeenPublish seen{name, publish.target.partition, *header};
  publishes_.push_back(seen);
  const PublishAction action = publish_hook_ ? publish_hook_(seen) : PublishAction{};
  using Kind = PublishAction::Kind;
  if (action.kind == Kind::drop) return session.close();
  if (action.kind == Kind::ignore) return;
  if (action.kind == Kind::refuse) {
    return session.send(native::ErrorReply{action.code, "told to", action.retriable}, correlation);
  }
  if (partition == nullptr) return session.send(error_reply(Errc::unknown_topic), correlation);

  const auto limit = topics_.at(name).message_bytes_max;
  if (limit && payload.size() > *limit) {
    return session.send(error_reply(Errc::batch_too_large, "the limit is " + std::to_string(*limit)), correlation);
  }

  auto ack = partition->append(payload, publish.ack);
  if (ack.has_error()) return session.send(error_reply(ack.error().code, ack.error().context), correlation);
  ack->correlation = correlation;
  if (action.kind == Kind::store_and_drop) {
    session.close();
  } else if (action.kind == Kind::store_and_withhold) {
    session.withheld.push_back(*ack);
  } else {
    session.send(native::PublishAcks{{*ack}}, 0);
  }
  deliver_all();
}

}  // namespace leat::testing
