#include "server/http/stream_routes.hpp"

#include "server/http/problem.hpp"
#include "server/http/stream_request.hpp"
#include "server/session/feed_parts.hpp"
#include "server/session/sse_session.hpp"

namespace leat::server {
namespace {

/// An event's id names each.
constexpr std::size_t kPartitionsMax = 100;

/// Where a browser that comes back goes on, whatever the query says.
Result<std::vector<RecordFeed::Part>> resumed(std::string_view last_event_id, std::vector<RecordFeed::Part> parts) {
  const auto offsets = SseSession::parse_event_id(last_event_id);
  if (!offsets) return Error(Errc::invalid_argument, "Last-Event-ID is none of this stream");
  for (RecordFeed::Part& part : parts) {
    const auto found = offsets->find(part.partition->id().partition.value());
    const Offset start = part.partition->log().log_start();
    // From the start: a partition that came later, one whose topic is another of the same name by now (there are fewer records
    // than were sent), and one whose records retention has deleted meanwhile; the next id tells.
    const bool goes_on = found != offsets->end() && found->second >= start && found->second <= part.partition->high_watermark();
    part.from = goes_on ? found->second : start;
  }
  return parts;
}

boost::asio::awaitable<Result<SseSession::Request>> prepare(const ApiContext& context, const HttpRequest& request) {
  auto parsed = parse_stream_request(request);
  if (parsed.has_error()) co_return std::move(parsed).error();
  if (!parsed->from) co_return Error(Errc::invalid_argument, "a stream begins somewhere");
  const std::string topics[] = {request.arguments[0]};
  auto parts = parts_of(context.broker.topics(), topics, parsed->partition, kPartitionsMax);
  if (parts.has_error()) {
    if (parts.error().code != Errc::limit_reached) co_return std::move(parts).error();
    co_return Error(Errc::limit_reached, "a stream is of " + std::to_string(kPartitionsMax) + " partitions at most: choose one");
  }
  if (const std::string_view last = request.field("last-event-id"); !last.empty()) {
    parts = resumed(last, std::move(*parts));
  } else {
    parts = co_await resolve_parts(context.broker, std::move(*parts), *parsed->from);
  }
  if (parts.has_error()) co_return std::move(parts).error();
  const std::string* const form = request.parameter("form");
  if (form != nullptr && *form != "json" && *form != "cloudevents") {
    co_return Error(Errc::invalid_argument, "form is json or cloudevents");
  }
  co_return SseSession::Request{std::move(*parts), std::move(parsed->filter),
                                form != nullptr && *form == "cloudevents" ? TextForm::cloudevents : TextForm::json};
}

boost::asio::awaitable<HttpResponse> stream(const ApiContext& context, const HttpRequest& request, Shard& shard) {
  auto prepared = co_await prepare(context, request);
  if (prepared.has_error()) co_return problem(prepared.error());
  HttpResponse response;
  response.fields = {{"content-type", "text/event-stream"}, {"cache-control", "no-store"}, {"x-accel-buffering", "no"}};
  response.stream = [&context, &shard, peer = request.peer, client = request.client->id(),
                     prepared = std::move(*prepared)](Connection& connection) {
    TextSessionOptions options = context.text_session;
    options.peer = peer;
    options.client = client;
    return std::make_shared<SseSession>(context.text(shard), connection, std::move(options), prepared);
  };
  co_return response;
}

}  // namespace

void add_stream_routes(Routes& routes, const ApiContext& context) {
  routes.add("GET", "/v1/topics/{topic}/stream",
             [&context](const HttpRequest& request, Shard& shard) { return stream(context, request, shard); });
}

}  // namespace leat::server
