#include "server/http/metrics_routes.hpp"

#include <algorithm>

#include "server/broker/await.hpp"
#include "server/http/text_body.hpp"
#include "server/metrics/broker_metrics.hpp"
#include "server/metrics/text_writer.hpp"
#include "server/net/await_share.hpp"

namespace leat::server {
namespace {

/// What the text comes to, about.
constexpr std::size_t kTextBytes = 32U << 10;
constexpr std::size_t kTextBytesPerTopic = 1U << 10;

boost::asio::awaitable<HttpResponse> metrics(const ApiContext& context, std::shared_ptr<const MetricsSources> sources,
                                             Shard& shard) {
  const std::size_t topics = std::min(context.broker.topics().size(), kTopicsMeasuredMax);
  ByteBudget::Share share = co_await await_share(context.sending, kTextBytes + topics * kTextBytesPerTopic, shard);
  LagReport lag = co_await lag_of_all(context.broker);
  // Named, as GCC 12 destroys what a lambda within a co_await has captured twice.
  auto write = [sources, lag = std::move(lag)] { return write_metrics(*sources, lag); };
  std::string text = co_await run_blocking(context.broker, std::move(write));
  HttpResponse response;
  response.fields = {{"content-type", std::string(MetricsText::kContentType)}, {"cache-control", "no-store"}};
  response.body.push_back(text_body(std::move(text), std::move(share)));
  co_return response;
}

}  // namespace

void add_metrics_routes(Routes& routes, const ApiContext& context) {
  const auto sources = std::make_shared<const MetricsSources>(MetricsSources{context.broker, context.receiving, context.sending});
  routes.add("GET", "/metrics",
             [&context, sources](const HttpRequest&, Shard& shard) { return metrics(context, sources, shard); });
}

}  // namespace leat::server
