#include "server/http/topic_routes.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <charconv>

#include "protocol/text/json_text.hpp"
#include "server/broker/await.hpp"
#include "server/http/problem.hpp"
#include "server/http/text_body.hpp"
#include "server/net/await_share.hpp"

namespace leat::server {
namespace {

namespace json = boost::json;
using boost::asio::awaitable;

constexpr std::size_t kTopicsListedMax = 1000;
/// What a topic's description comes to, about.
constexpr std::size_t kBytesPerTopic = 1U << 10;
constexpr std::size_t kBytesPerPartition = 128;

std::size_t bytes_of(const TopicEntry& entry) { return kBytesPerTopic + kBytesPerPartition * entry.partitions.size(); }

void append_topic(std::string& out, const TopicEntry& entry) {
  out += "{\"name\":";
  append_json_string_lossy(out, entry.catalog.name);
  out += ",\"id\":\"" + entry.catalog.id.to_string() + "\",\"partitions\":[";
  bool first = true;
  for (const auto& partition : entry.partitions) {
    const storage::PartitionLog& log = partition->log();
    out += first ? "{\"partition\":" : ",{\"partition\":";
    first = false;
    out += std::to_string(partition->id().partition.value()) + ",\"log_start\":" + std::to_string(log.log_start().value()) +
           ",\"high_watermark\":" + std::to_string(log.high_watermark().value()) +
           ",\"size_bytes\":" + std::to_string(log.size_bytes()) + "}";
  }
  out += "],\"settings\":{";
  first = true;
  for (const auto& setting : storage::describe_settings(entry.config, entry.catalog.settings)) {
    if (!first) out += ',';
    first = false;
    append_json_string_lossy(out, setting.key);
    out += ":{\"value\":";
    append_json_string_lossy(out, setting.value);
    out += setting.is_default ? ",\"default\":true}" : ",\"default\":false}";
  }
  out += "}}";
}

HttpResponse answer(unsigned status, std::string text, ByteBudget::Share share) {
  HttpResponse response;
  response.status = status;
  response.fields = {{"content-type", "application/json"}};
  response.body.push_back(text_body(std::move(text), std::move(share)));
  return response;
}

awaitable<HttpResponse> describe(const ApiContext& context, unsigned status, TopicEntryPtr entry, Shard& shard) {
  ByteBudget::Share share = co_await await_share(context.sending, bytes_of(*entry), shard);
  std::string text;
  append_topic(text, *entry);
  co_return answer(status, text + "\n", std::move(share));
}

/// The topics behind `after`, in the order of their names.
awaitable<HttpResponse> list(const ApiContext& context, const HttpRequest& request, Shard& shard) {
  std::string after;
  std::size_t limit = kTopicsListedMax;
  for (const auto& [name, value] : request.query) {
    if (name == "after") {
      after = value;
      continue;
    }
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), limit);
    const bool is_limit = name == "limit" && error == std::errc() && end == value.data() + value.size();
    if (!is_limit || limit == 0 || limit > kTopicsListedMax) {
      co_return problem(400, Errc::invalid_argument, "the query takes after, a name, and limit, from 1 to 1000");
    }
  }
  std::vector<TopicEntryPtr> listed = context.broker.topics().behind(after, limit + 1);
  const bool more = listed.size() > limit;
  if (more) listed.pop_back();
  std::size_t bytes = 0;
  for (const TopicEntryPtr& entry : listed) bytes += bytes_of(*entry);
  ByteBudget::Share share = co_await await_share(context.sending, bytes, shard);
  std::string text = "{\"topics\":[";
  for (const TopicEntryPtr& entry : listed) {
    if (text.back() != '[') text += ',';
    append_topic(text, *entry);
  }
  text += more ? "],\"more\":true}\n" : "],\"more\":false}\n";
  co_return answer(200, std::move(text), std::move(share));
}

/// What a request to create or alter says: name, partitions (0: not said), settings.
Result<native::CreateTopic> parse(const HttpRequest& request) {
  boost::system::error_code failed;
  const json::value value = json::parse(as_text(request.body.span()), failed);
  if (failed || !value.is_object()) return Error(Errc::invalid_argument, "the body is a JSON object");
  native::CreateTopic wanted;
  wanted.partitions = 0;
  for (const auto& [key, member] : value.get_object()) {
    if (key == "name" && member.is_string()) {
      wanted.name = std::string(member.get_string());
    } else if (key == "partitions") {
      wanted.partitions = member.to_number<std::int32_t>(failed);
      if (failed || wanted.partitions < 1) return Error(Errc::invalid_argument, "partitions is a number from 1 on");
    } else if (key == "settings" && member.is_object()) {
      for (const auto& [name, setting] : member.get_object()) {
        if (!setting.is_string()) return Error(Errc::invalid_argument, "settings are strings: \"retention.ms\": \"7d\"");
        wanted.settings.push_back({std::string(name), std::string(setting.get_string())});
      }
    } else {
      return Error(Errc::invalid_argument, "the members are name, partitions and settings, not " + std::string(key));
    }
  }
  return wanted;
}

awaitable<HttpResponse> create(const ApiContext& context, const HttpRequest& request, Shard& shard) {
  auto wanted = parse(request);
  if (wanted.has_error()) co_return problem(wanted.error());
  if (wanted->name.empty()) co_return problem(400, Errc::invalid_argument, "the topic has no name");
  // Named, as GCC 12 destroys what a lambda within a co_await has captured twice.
  auto work = [&broker = context.broker, request = *wanted] { return broker.create_topic(request); };
  const auto created = co_await run_topic_change(context.broker, std::move(work));
  if (created.has_error()) co_return problem(created.error());
  HttpResponse response = co_await describe(context, 201, *created, shard);
  response.fields.push_back({"location", "/v1/topics/" + (*created)->catalog.name});
  co_return response;
}

awaitable<HttpResponse> alter(const ApiContext& context, const HttpRequest& request, Shard& shard) {
  auto wanted = parse(request);
  if (wanted.has_error()) co_return problem(wanted.error());
  if (!wanted->name.empty()) co_return problem(400, Errc::invalid_argument, "a topic keeps its name");
  native::AlterTopic change;
  change.name = request.arguments[0];
  change.partitions = wanted->partitions;
  change.settings = std::move(wanted->settings);
  auto work = [&broker = context.broker, change = std::move(change)] { return broker.alter_topic(change); };
  const auto altered = co_await run_topic_change(context.broker, std::move(work));
  if (altered.has_error()) co_return problem(altered.error());
  co_return co_await describe(context, 200, *altered, shard);
}

awaitable<HttpResponse> remove(const ApiContext& context, const HttpRequest& request) {
  auto work = [&broker = context.broker, name = request.arguments[0]] { return broker.delete_topic(name); };
  const auto removed = co_await run_topic_change(context.broker, std::move(work));
  if (removed.has_error()) co_return problem(removed.error());
  HttpResponse response;
  response.status = 204;
  co_return response;
}

}  // namespace

void add_topic_routes(Routes& routes, const ApiContext& context) {
  routes.add("GET", "/v1/topics", [&context](const HttpRequest& request, Shard& shard) { return list(context, request, shard); });
  routes.add("POST", "/v1/topics",
             [&context](const HttpRequest& request, Shard& shard) { return create(context, request, shard); });
  routes.add("GET", "/v1/topics/{topic}", [&context](const HttpRequest& request, Shard& shard) -> awaitable<HttpResponse> {
    const TopicEntryPtr entry = context.broker.topics().by_name(request.arguments[0]);
    if (!entry) co_return problem(Error(Errc::unknown_topic, request.arguments[0]));
    co_return co_await describe(context, 200, entry, shard);
  });
  routes.add("PATCH", "/v1/topics/{topic}",
             [&context](const HttpRequest& request, Shard& shard) { return alter(context, request, shard); });
  routes.add("DELETE", "/v1/topics/{topic}", [&context](const HttpRequest& request, Shard&) { return remove(context, request); });
}

}  // namespace leat::server
