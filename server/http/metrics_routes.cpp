#include "server/http/metrics_routes.hpp"

#include <algorithm>

#include "server/broker/await.hpp"
#include "server/metrics/broker_metrics.hpp"
#include "server/metrics/text_writer.hpp"
#include "server/net/await_share.hpp"

namespace leat::server {
namespace {

/// What the text comes to, about.
constexpr std::size_t kTextBytes = 32U << 10;
constexpr std::size_t kTextBytesPerTopic = 1U << 10;

/// Text, and its share of the memory for what waits to be sent.
struct Body {
  std::string text;
  ByteBudget::Share share;
};

boost::asio::awaitable<HttpResponse> metrics(const ApiContext& context, std::shared_ptr<const MetricsSources> sources,
                                             Shard& shard) {
  const std::size_t topics = std::min(context.broker.topics().size(), kTopicsMeasuredMax);
  auto body = std::make_shared<Body>();
  body->share = co_await await_share(context.sending, kTextBytes + topics * kTextBytesPerTopic, shard);
  LagReport lag = co_await lag_of_all(context.broker);
  // Named, as GCC 12 destroys what a lambda within a co_await has captured twice.
  auto write = [sources, lag = std::move(lag)] { return write_metrics(*sources, lag); };
  body->text = co_await run_blocking(context.broker, std::move(write));
  body->share.resize(body->text.size());
  HttpResponse response;
  response.fields = {{"content-type", std::string(MetricsText::kContentType)}, {"cache-control", "no-store"}};
  const ByteSpan bytes = as_bytes(body->text);
  response.body.emplace_back(std::move(body), bytes);
  co_return response;
}

}  // namespace

void add_metrics_routes(Routes& routes, const ApiContext& context) {
  const auto sources = std::make_shared<const MetricsSources>(MetricsSources{context.broker, context.receiving, context.sending});
  routes.add("GET", "/metrics",
             [&context, sources](const HttpRequest&, Shard& shard) { return metrics(context, sources, shard); });
}

}  // namespace leat::server
