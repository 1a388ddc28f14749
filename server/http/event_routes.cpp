#include "server/http/event_routes.hpp"

#include <algorithm>

#include "protocol/cloudevents/http_binding.hpp"
#include "protocol/cloudevents/json_format.hpp"
#include "protocol/cloudevents/record_mapping.hpp"
#include "protocol/text/json_text.hpp"
#include "server/broker/publish_records.hpp"
#include "server/http/problem.hpp"
#include "server/http/stream_request.hpp"
#include "server/session/json_message.hpp"
#include "server/session/wire_error.hpp"

namespace leat::server {
namespace {

/// What a request asks to be published; owns it.
struct Events {
  std::vector<cloudevents::EventRecord> events;
  std::vector<NewRecord> records;  ///< of the events, or of the request's own bytes
  native::AckLevel level = native::AckLevel::durable;
};

struct Place {
  std::optional<PartitionId> partition;
  const std::string* key = nullptr;
  native::AckLevel level = native::AckLevel::durable;
};

Result<Place> place_of(const HttpRequest& request) {
  Place place;
  for (const auto& [name, value] : request.query) {
    if (name == "partition") {
      LEAT_ASSIGN(place.partition, parse_partition(value));
    } else if (name == "key") {
      place.key = &value;
    } else if (name == "ack") {
      const auto level = json_message::ack_level_named(value);
      if (!level) return Error(Errc::invalid_argument, "ack is durable, written or none, not " + value);
      place.level = *level;
    } else {
      return Error(Errc::invalid_argument, "the query takes partition, key and ack, not " + name);
    }
  }
  return place;
}

Result<std::vector<cloudevents::Event>> events_of(const HttpRequest& request, cloudevents::ContentMode mode) {
  using cloudevents::ContentMode;
  const std::string_view body = as_text(request.body.span());
  std::vector<cloudevents::Event> events;
  if (mode == ContentMode::batched) return cloudevents::parse_json_batch(body, kRecordsPerRequestMax);
  if (mode == ContentMode::structured) {
    LEAT_ASSIGN(auto event, cloudevents::parse_json(body));
    events.push_back(std::move(event));
  } else {
    std::vector<cloudevents::HttpField> fields;
    for (const HttpField& field : request.fields) fields.push_back({field.name, field.value});
    LEAT_ASSIGN(auto event, cloudevents::parse_binary(fields, request.field("content-type"), request.body.span()));
    events.push_back(std::move(event));
  }
  return events;
}

/// The bytes as they came, with their type if they have one.
NewRecord plain_record(const HttpRequest& request) {
  NewRecord record;
  record.value = request.body.span();
  const std::string_view type = request.field("content-type");
  if (!type.empty()) record.headers.push_back({"content-type", as_bytes(type)});
  return record;
}

/// Attributes without a specversion are an event whose sender forgot it: as plain bytes it would lose them.
Result<void> check_is_no_event(const HttpRequest& request) {
  const auto found = std::find_if(request.fields.begin(), request.fields.end(),
                                  [](const HttpField& field) { return field.name.starts_with("ce-"); });
  if (found == request.fields.end()) return ok();
  return Error(Errc::invalid_argument, "there is " + found->name + " and no ce-specversion");
}

Result<Events> parse(const HttpRequest& request, cloudevents::ContentMode mode) {
  LEAT_ASSIGN(const Place place, place_of(request));
  Events parsed;
  parsed.level = place.level;
  if (mode == cloudevents::ContentMode::none) {
    LEAT_TRY(check_is_no_event(request));
    parsed.records.push_back(plain_record(request));
  } else {
    LEAT_ASSIGN(auto events, events_of(request, mode));
    for (cloudevents::Event& event : events) parsed.events.emplace_back(std::move(event));
    for (const cloudevents::EventRecord& event : parsed.events) {
      parsed.records.push_back({event.key(), event.value(), {event.headers().begin(), event.headers().end()}, {}, {}});
    }
  }
  for (NewRecord& record : parsed.records) {
    record.partition = place.partition;
    if (place.key != nullptr) record.key = as_bytes(*place.key);
  }
  return parsed;
}

HttpResponse answer(const std::vector<Result<RecordAck>>& acks) {
  const auto failed = std::find_if(acks.begin(), acks.end(), [](const auto& ack) { return ack.has_error(); });
  std::string records = "[";
  for (const auto& ack : acks) {
    if (records.size() > 1) records += ',';
    if (ack.has_value()) {
      records += "{\"partition\":" + std::to_string(ack->partition.value()) +
                 ",\"offset\":" + std::to_string(ack->offset.value()) + ",\"ack\":\"" +
                 std::string(json_message::name_of(ack->level)) + "\"}";
    } else {
      records += "{\"code\":";
      append_json_string_lossy(records, name_of(for_peer(ack.error()).code));
      records += '}';
    }
  }
  records += ']';
  if (failed == acks.end()) return text_response(200, "application/json", "{\"records\":" + records + "}\n");
  return problem(failed->error(), "\"records\":" + records);
}

boost::asio::awaitable<HttpResponse> publish(const ApiContext& context, const HttpRequest& request, Shard& shard) {
  if (const std::string_view coding = request.field("content-encoding"); !coding.empty() && coding != "identity") {
    co_return problem(415, Errc::unsupported_request, "bodies are taken as they are, not encoded as " + std::string(coding));
  }
  const std::string_view type = request.field("content-type");
  const auto mode = cloudevents::content_mode(type, !request.field("ce-specversion").empty());
  const bool has_format = mode == cloudevents::ContentMode::structured || mode == cloudevents::ContentMode::batched;
  if (has_format && !cloudevents::is_json_format(type)) {
    co_return problem(415, Errc::unsupported_request, "events are taken in JSON, not as " + std::string(type));
  }
  const TopicEntryPtr topic = context.broker.topics().by_name(request.arguments[0]);
  if (!topic) {
    shard.metrics().count_publish_error(Errc::unknown_topic);
    co_return problem(Error(Errc::unknown_topic, request.arguments[0]));
  }
  const auto events = parse(request, mode);
  if (events.has_error()) {
    shard.metrics().count_publish_error(events.error().code);
    co_return problem(events.error());
  }
  const auto acks =
      co_await publish_records(context.broker, shard, topic, events->records, events->level, Transport::http, Refusing::all);
  co_return answer(acks);
}

}  // namespace

void add_event_routes(Routes& routes, const ApiContext& context) {
  routes.add("POST", "/v1/topics/{topic}/events",
             [&context](const HttpRequest& request, Shard& shard) { return publish(context, request, shard); });
}

}  // namespace leat::server
