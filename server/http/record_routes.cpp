#include "server/http/record_routes.hpp"

#include <algorithm>
#include <charconv>

#include "protocol/base/clock.hpp"
#include "protocol/record/batch_iterator.hpp"
#include "protocol/record/batch_reader.hpp"
#include "protocol/text/json_text.hpp"
#include "protocol/text/record_json.hpp"
#include "server/broker/await.hpp"
#include "server/http/problem.hpp"
#include "server/http/stream_request.hpp"
#include "server/http/text_body.hpp"
#include "server/net/await_share.hpp"

namespace leat::server {
namespace {

constexpr std::size_t kReadBytes = 1U << 20;
constexpr std::size_t kTextBytesMax = 4U << 20;
constexpr std::size_t kLimitDefault = 100;
constexpr std::size_t kLimitMax = 10'000;
constexpr std::string_view kRawType = "application/octet-stream";
constexpr record::DecompressLimits kLimits{std::size_t{16} << 20, 1024, std::size_t{4} << 20};

struct Query {
  std::shared_ptr<Partition> partition;
  StartPosition from{StartPosition::Kind::earliest, 0};
  std::size_t limit = kLimitDefault;
  bool raw = false;
};

/// What was read, and where it goes on.
struct Page {
  std::string text;                 ///< the records as JSON, comma-separated
  std::vector<SharedBytes> chunks;  ///< or the batches
  std::int64_t records = 0;
  Offset next;
  Offset log_start;
  Offset high_watermark;
};

Result<Query> parse(const TopicRegistry& topics, const HttpRequest& request) {
  Query query;
  const TopicEntryPtr topic = topics.by_name(request.arguments[0]);
  if (!topic) return Error(Errc::unknown_topic, request.arguments[0]);
  LEAT_ASSIGN(const PartitionId partition, parse_partition(request.arguments[1]));
  LEAT_ASSIGN(query.partition, topics.partition({topic->catalog.id, partition}));
  for (const auto& [name, value] : request.query) {
    if (name == "from") {
      LEAT_ASSIGN(query.from, StartPosition::parse(value, SystemClock().wall_ms()));
    } else if (name == "limit") {
      const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), query.limit);
      if (error != std::errc() || end != value.data() + value.size() || query.limit == 0 || query.limit > kLimitMax) {
        return Error(Errc::invalid_argument, "limit is from 1 to " + std::to_string(kLimitMax));
      }
    } else {
      return Error(Errc::invalid_argument, "the query takes from and limit, not " + name);
    }
  }
  query.raw = request.field("accept").find(kRawType) != std::string_view::npos;
  return query;
}

SharedBytes copy_of(std::span<const SharedBytes> chunks) {
  std::vector<std::byte> bytes;
  for (const SharedBytes& chunk : chunks) bytes.insert(bytes.end(), chunk.span().begin(), chunk.span().end());
  return SharedBytes(std::move(bytes));
}

/// False when the page is full.
Result<bool> append_batch(ByteSpan batch, std::size_t& left, Page& page) {
  LEAT_ASSIGN(auto reader, record::BatchReader::open(batch, kLimits));
  while (true) {
    LEAT_ASSIGN(const auto record, reader.next());
    if (!record) break;
    if (record->offset < page.next) continue;
    if (left == 0 || page.text.size() > kTextBytesMax) return false;
    --left;
    ++page.records;
    if (!page.text.empty()) page.text += ',';
    page.text += '{';
    append_record_members(page.text, *record);
    page.text += '}';
    page.next = record->offset + 1;
  }
  page.next = reader.header().next_offset();
  return true;
}

Result<Page> read(const Query& query) {
  Page page;
  LEAT_ASSIGN(page.next, resolve(query.from, *query.partition));
  page.log_start = query.partition->log().log_start();
  page.high_watermark = query.partition->high_watermark();
  std::size_t left = query.limit;
  storage::ReadHint hint;
  while (page.next < page.high_watermark) {
    LEAT_ASSIGN(auto batches,
                query.partition->log().read(page.next, page.high_watermark, kReadBytes, storage::ReadMode::blocking, hint));
    if (query.raw) {
      page.records = batches.next_offset.value() - page.next.value();
      page.next = batches.next_offset;
      page.chunks = std::move(batches.chunks);
      // The commit path's memory must not wait for a slow peer.
      if (batches.is_lent) page.chunks = {copy_of(page.chunks)};
      return page;
    }
    for (const SharedBytes& chunk : batches.chunks) {
      record::BatchIterator iterator(chunk.span());
      while (true) {
        LEAT_ASSIGN(const auto batch, iterator.next());
        if (!batch) break;
        LEAT_ASSIGN(const bool goes_on, append_batch(*batch, left, page));
        if (!goes_on) return page;
      }
    }
    if (left == 0) return page;
  }
  return page;
}

std::size_t bytes_of(const Page& page) {
  std::size_t bytes = page.text.size();
  for (const SharedBytes& chunk : page.chunks) bytes += chunk.size();
  return bytes;
}

HttpResponse answer(const Page& page, std::string_view topic, PartitionId partition, bool raw, ByteBudget::Share share) {
  HttpResponse response;
  response.fields = {{"leat-next-offset", std::to_string(page.next.value())},
                     {"leat-log-start", std::to_string(page.log_start.value())},
                     {"leat-high-watermark", std::to_string(page.high_watermark.value())},
                     {"cache-control", "no-store"}};
  if (raw) {
    response.fields.push_back({"content-type", std::string(kRawType)});
    const auto kept = std::make_shared<ByteBudget::Share>(std::move(share));
    for (const SharedBytes& chunk : page.chunks) {
      const auto both = std::make_shared<std::pair<SharedBytes, std::shared_ptr<ByteBudget::Share>>>(chunk, kept);
      response.body.emplace_back(both, chunk.span());
    }
    return response;
  }
  response.fields.push_back({"content-type", "application/json"});
  std::string text = "{\"topic\":";
  append_json_string_lossy(text, topic);
  text += ",\"partition\":" + std::to_string(partition.value()) + ",\"log_start\":" + std::to_string(page.log_start.value()) +
          ",\"high_watermark\":" + std::to_string(page.high_watermark.value()) +
          ",\"next\":" + std::to_string(page.next.value()) + ",\"records\":[";
  text += page.text;
  text += "]}\n";
  response.body.push_back(text_body(std::move(text), std::move(share)));
  return response;
}

boost::asio::awaitable<HttpResponse> list(const ApiContext& context, const HttpRequest& request, Shard& shard) {
  auto query = parse(context.broker.topics(), request);
  if (query.has_error()) co_return problem(query.error());
  const bool raw = query->raw;
  // However little is asked for, a whole batch comes.
  const std::size_t bytes_max = raw ? std::max(kReadBytes, query->partition->log().batch_bytes_max()) : kTextBytesMax;
  ByteBudget::Share share = co_await await_share(context.sending, bytes_max, shard);
  // Named, as GCC 12 destroys what a lambda within a co_await has captured twice.
  const std::shared_ptr<Partition> partition = query->partition;
  auto work = [query = std::move(*query)] { return read(query); };
  auto page = co_await run_blocking(context.broker, std::move(work));
  if (page.has_error()) co_return problem(page.error());
  partition->count_delivered(shard, Transport::http, static_cast<std::uint64_t>(page->records), bytes_of(*page));
  co_return answer(*page, request.arguments[0], partition->id().partition, raw, std::move(share));
}

}  // namespace

void add_record_routes(Routes& routes, const ApiContext& context) {
  routes.add("GET", "/v1/topics/{topic}/partitions/{partition}/records",
             [&context](const HttpRequest& request, Shard& shard) { return list(context, request, shard); });
}

}  // namespace leat::server
