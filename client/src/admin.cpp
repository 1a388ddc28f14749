#include "leat/admin.hpp"

#include <utility>

#include "client/src/completion.hpp"
#include "client/src/core.hpp"

namespace leat {
namespace {

using client::Completion;
using client::Core;

/// One admin operation from the user's call to its completion: requests one after the other, cancelled as one. On the core's
/// executor but for begin().
template <class T>
class AdminCall : public std::enable_shared_from_this<AdminCall<T>> {
 public:
  AdminCall(Core& core, Handler<T> handler) : core_(core.shared_from_this()), done_(core.completion(std::move(handler))) {}

  template <class Body>
  static void begin(Core& core, Handler<T> handler, Body body) {
    auto call = std::make_shared<AdminCall>(core, std::move(handler));
    call->done_.on_cancel([weak = std::weak_ptr(call)] {
      const auto self = weak.lock();
      if (!self) return;
      self->core_->post([self] { self->cancel(); });
    });
    if (!core.post([call, body = std::move(body)]() mutable { body(call); })) call->finish(Core::gone());
  }

  /// Calls then(reply) with the reply of the right type; errors end the call.
  template <class Reply, class Then>
  void ask(const native::Message& message, bool repeatable, Then then) {
    if (over_) return;
    correlation_ =
        core_->request(message, repeatable,
                       [self = this->shared_from_this(), then = std::move(then)](Result<native::Message> message_or) mutable {
                         auto reply = client::expect_reply<Reply>(std::move(message_or));
                         if (reply.has_error()) return self->finish(std::move(reply).error());
                         then(std::move(*reply));
                       });
  }

  void finish(Result<T> result) {
    if (!std::exchange(over_, true)) done_.post(std::move(result));
  }
  [[nodiscard]] bool over() const { return over_; }
  Core& core() { return *core_; }

 private:
  void cancel() {
    if (over_) return;
    finish(Error(Errc::cancelled));
    core_->cancel_request(correlation_);
  }

  std::shared_ptr<Core> core_;
  Completion<T> done_;
  std::uint64_t correlation_ = 0;
  bool over_ = false;
};

/// Asks about a partition of a topic, whose id may have to be found out first; once more when the topic was created anew under
/// its name.
template <class Request, class Reply, class T, class Convert>
void ask_partition(std::shared_ptr<AdminCall<T>> call, std::string topic, Request request, Convert convert, bool again = true) {
  Core& core = call->core();
  const std::string name = topic;
  core.route(name, [call, topic = std::move(topic), request, convert, again](const Result<client::TopicRoute>& route) mutable {
    if (route.has_error()) return call->finish(route.error());
    if (call->over()) return;
    request.target.topic = route->id;
    call->core().request(request, true, [call, topic, request, convert, again](Result<native::Message> message) mutable {
      auto reply = client::expect_reply<Reply>(std::move(message));
      if (reply.has_value()) return call->finish(convert(*reply));
      if (reply.error().code != Errc::unknown_topic || !again) return call->finish(std::move(reply).error());
      call->core().forget_route(topic);
      ask_partition<Request, Reply>(call, std::move(topic), request, convert, false);
    });
  });
}

/// One page of topics after the other.
void list_from(const std::shared_ptr<AdminCall<std::vector<TopicInfo>>>& call, std::vector<TopicInfo> so_far) {
  native::ListTopics request;
  if (!so_far.empty()) request.after = so_far.back().name;
  call->ask<native::TopicListReply>(std::move(request), true,
                                    [call, so_far = std::move(so_far)](native::TopicListReply reply) mutable {
                                      const bool more = reply.more && !reply.topics.empty();
                                      for (TopicInfo& topic : reply.topics) so_far.push_back(std::move(topic));
                                      if (!more) return call->finish(std::move(so_far));
                                      list_from(call, std::move(so_far));
                                    });
}

/// The blocking twin of start(core, args..., handler).
template <class T, class Start, class... Args>
Result<T> block(Core& core, Start start, Args&&... args) {
  core.assert_may_block();
  return client::wait_for<T>([&](Handler<T> handler) { start(core, std::forward<Args>(args)..., std::move(handler)); });
}

template <class Request>
void ask_topic(Core& core, Request request, bool repeatable, Handler<TopicInfo> handler) {
  AdminCall<TopicInfo>::begin(core, std::move(handler), [request = std::move(request), repeatable](const auto& call) {
    if (const auto sound = client::check_topic_name(request.name); sound.has_error()) return call->finish(sound.error());
    call->core().forget_route(request.name);
    call->template ask<native::TopicReply>(request, repeatable,
                                           [call](native::TopicReply reply) { call->finish(std::move(reply.topic)); });
  });
}

}  // namespace

void Admin::start_create(Core& core, TopicSpec spec, Handler<TopicInfo> handler) {
  ask_topic(core, native::CreateTopic{std::move(spec.name), spec.partitions, std::move(spec.settings)}, false,
            std::move(handler));
}

void Admin::start_alter(Core& core, TopicSpec spec, Handler<TopicInfo> handler) {
  ask_topic(core, native::AlterTopic{std::move(spec.name), spec.partitions, std::move(spec.settings)}, false, std::move(handler));
}

void Admin::start_describe(Core& core, std::string name, Handler<TopicInfo> handler) {
  ask_topic(core, native::DescribeTopic{std::move(name)}, true, std::move(handler));
}

void Admin::start_delete(Core& core, std::string name, Handler<void> handler) {
  AdminCall<void>::begin(core, std::move(handler), [name = std::move(name)](const auto& call) {
    if (const auto sound = client::check_topic_name(name); sound.has_error()) return call->finish(sound.error());
    call->core().forget_route(name);
    call->template ask<native::Done>(native::DeleteTopic{name}, false, [call](native::Done) { call->finish(ok()); });
  });
}

void Admin::start_list(Core& core, Handler<std::vector<TopicInfo>> handler) {
  AdminCall<std::vector<TopicInfo>>::begin(core, std::move(handler), [](const auto& call) { list_from(call, {}); });
}

void Admin::start_list_offsets(Core& core, std::string topic, PartitionId partition, OffsetQuery query,
                               Handler<ListedOffset> handler) {
  AdminCall<ListedOffset>::begin(core, std::move(handler), [topic = std::move(topic), partition, query](const auto& call) {
    const native::ListOffsets request{{{}, partition}, query.spec, query.timestamp};
    ask_partition<native::ListOffsets, native::ListOffsetsReply>(call, topic, request, [](const native::ListOffsetsReply& reply) {
      return ListedOffset{reply.offset, reply.timestamp};
    });
  });
}

void Admin::start_delete_records(Core& core, std::string topic, PartitionId partition, Offset before, Handler<Offset> handler) {
  AdminCall<Offset>::begin(core, std::move(handler), [topic = std::move(topic), partition, before](const auto& call) {
    const native::DeleteRecords request{{{}, partition}, before};
    ask_partition<native::DeleteRecords, native::DeleteRecordsReply>(
        call, topic, request, [](const native::DeleteRecordsReply& reply) { return reply.log_start_offset; });
  });
}

Result<TopicInfo> Admin::create_topic(TopicSpec spec) { return block<TopicInfo>(*core_, &start_create, std::move(spec)); }
Result<TopicInfo> Admin::alter_topic(TopicSpec spec) { return block<TopicInfo>(*core_, &start_alter, std::move(spec)); }
Result<TopicInfo> Admin::describe_topic(std::string name) { return block<TopicInfo>(*core_, &start_describe, std::move(name)); }
Result<void> Admin::delete_topic(std::string name) { return block<void>(*core_, &start_delete, std::move(name)); }
Result<std::vector<TopicInfo>> Admin::list_topics() { return block<std::vector<TopicInfo>>(*core_, &start_list); }
Result<ListedOffset> Admin::list_offsets(std::string topic, PartitionId partition, OffsetQuery query) {
  return block<ListedOffset>(*core_, &start_list_offsets, std::move(topic), partition, query);
}
Result<Offset> Admin::delete_records(std::string topic, PartitionId partition, Offset before) {
  return block<Offset>(*core_, &start_delete_records, std::move(topic), partition, before);
}

}  // namespace leat
