#include "client/tool/http_publisher.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/span_body.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <boost/url/encode.hpp>
#include <boost/url/rfc/unreserved_chars.hpp>
#include <chrono>

#include "client/tool/http_answer.hpp"
#include "protocol/cloudevents/http_binding.hpp"
#include "protocol/text/json_text.hpp"

namespace leat::tool {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using boost::system::error_code;

constexpr std::chrono::seconds kConnectTimeout{5};
constexpr std::chrono::seconds kAnswerTimeout{30};
/// Requests ahead of their answers.
constexpr std::size_t kUnansweredMax = 16;
constexpr std::string_view kAttributePrefix = "ce_";

/// Percent-encoded for a segment of a path or a value in a query.
std::string encoded(std::string_view text) { return boost::urls::encode(text, boost::urls::unreserved_chars); }

using Request = http::request<http::span_body<const char>>;

}  // namespace

/// The connection: blocking, but abortable. `finished` handlers run within wait().
class HttpPublisher::Http {
 public:
  struct Answer {
    unsigned status = 0;
    std::string body;
  };

  explicit Http(const client::Endpoint& endpoint) : endpoint_(endpoint) {}

  Result<void> connect() {
    asio::ip::tcp::resolver resolver(context_);
    error_code problem;
    const auto found = resolver.resolve(endpoint_.host, std::to_string(endpoint_.port), problem);
    if (problem) return failed(Errc::connection_failed, "resolving the name", problem);
    stream_.close();
    input_.clear();
    stream_.expires_after(kConnectTimeout);
    stream_.async_connect(found, [this](const error_code& error, const asio::ip::tcp::endpoint&) { finish(error); });
    if (problem = wait(); problem) return failed(Errc::connection_failed, "connecting", problem);
    stream_.socket().set_option(asio::ip::tcp::no_delay(true), problem);
    return ok();
  }

  Result<void> write(http::verb method, const std::string& target, std::string_view body,
                     const std::vector<std::pair<std::string, std::string>>& fields) {
    Request request(method, target, 11);
    request.set(http::field::host, endpoint_.to_string());
    request.set(http::field::user_agent, "leat");
    for (const auto& [name, value] : fields) request.set(name, value);
    request.body() = beast::span<const char>(body.data(), body.size());
    if (method != http::verb::get) request.content_length(body.size());
    stream_.expires_after(kAnswerTimeout);
    http::async_write(stream_, request, [this](const error_code& error, std::size_t) { finish(error); });
    if (const error_code problem = wait()) return failed(Errc::connection_lost, "sending", problem);
    return ok();
  }

  Result<Answer> read() {
    http::response<http::string_body> response;
    stream_.expires_after(kAnswerTimeout);
    http::async_read(stream_, input_, response, [this](const error_code& error, std::size_t) { finish(error); });
    const error_code problem = wait();
    if (problem == beast::error::timeout) return Error(Errc::timed_out, endpoint_.to_string() + " does not answer");
    if (problem) return failed(Errc::connection_lost, "waiting for an answer", problem);
    return Answer{response.result_int(), std::move(response.body())};
  }

  [[nodiscard]] bool has_answer() { return input_.size() > 0 || peek() > 0; }
  [[nodiscard]] bool closed_by_peer() { return input_.size() == 0 && peek() == 0; }

  void abort() {
    asio::post(context_, [this] {
      aborted_ = true;
      stream_.close();
    });
  }

 private:
  /// 1: there is something to read; 0: the peer has closed; -1: neither.
  ssize_t peek() {
    char byte = 0;
    return ::recv(stream_.socket().native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  }

  void finish(const error_code& error) { outcome_ = error; }

  error_code wait() {
    outcome_.reset();
    context_.restart();
    while (!outcome_) context_.run_one();
    return aborted_ ? error_code(asio::error::operation_aborted) : *outcome_;
  }

  [[nodiscard]] Error failed(Errc code, const char* doing, const error_code& problem) const {
    const bool ended = problem == http::error::end_of_stream || problem == asio::error::eof;
    return Error(code, endpoint_.to_string() + ": " + doing + ": " + (ended ? "closed by the server" : problem.message()));
  }

  const client::Endpoint endpoint_;
  asio::io_context context_{1};
  beast::tcp_stream stream_{context_};
  beast::flat_buffer input_;
  std::optional<error_code> outcome_;
  bool aborted_ = false;
};

HttpPublisher::HttpPublisher(client::Endpoint endpoint, std::string topic, AckLevel level)
    : endpoint_(std::move(endpoint)), topic_(std::move(topic)), level_(level), http_(std::make_unique<Http>(endpoint_)) {}

HttpPublisher::~HttpPublisher() = default;

Result<void> HttpPublisher::connect() { return http_->connect(); }

void HttpPublisher::abort() { http_->abort(); }

Result<bool> HttpPublisher::find_topic(bool create) {
  LEAT_TRY(http_->write(http::verb::get, "/v1/topics/" + encoded(topic_), "", {}));
  LEAT_ASSIGN(const auto described, http_->read());
  if (described.status == 200) return false;
  const Error missing = error_of_answer(described.status, described.body);
  if (missing.code != Errc::unknown_topic || !create) return missing;
  std::string wanted = "{\"name\":";
  append_json_string_lossy(wanted, topic_);
  wanted += '}';
  LEAT_TRY(http_->write(http::verb::post, "/v1/topics", wanted, {{"Content-Type", "application/json"}}));
  LEAT_ASSIGN(const auto created, http_->read());
  if (created.status == 201) return true;
  const Error refused = error_of_answer(created.status, created.body);
  // Somebody else was faster.
  return refused.code == Errc::topic_exists ? Result<bool>(false) : refused;
}

Result<void> HttpPublisher::send(const OutgoingRecord& record, Deliveries& deliveries) {
  while (unanswered_ >= kUnansweredMax || (unanswered_ > 0 && http_->has_answer())) LEAT_TRY(take_answer(deliveries));
  // A server may close a connection that was quiet for long.
  if (unanswered_ == 0 && http_->closed_by_peer()) LEAT_TRY(http_->connect());
  std::string target = "/v1/topics/" + encoded(topic_) + "/events?ack=" + std::string(name_of(level_));
  if (record.partition) target += "&partition=" + std::to_string(record.partition->value());
  if (record.key) target += "&key=" + encoded(as_text(*record.key));
  std::vector<std::pair<std::string, std::string>> fields;
  for (const HeaderView& header : record.headers) {
    const std::string_view value = header.value ? as_text(*header.value) : "";
    if (header.name.starts_with(kAttributePrefix)) {
      fields.emplace_back("ce-" + std::string(header.name.substr(kAttributePrefix.size())), cloudevents::percent_encode(value));
    } else {
      fields.emplace_back(header.name, value);
    }
  }
  LEAT_TRY(http_->write(http::verb::post, target, record.value ? as_text(*record.value) : "", fields));
  ++unanswered_;
  return ok();
}

Result<void> HttpPublisher::flush(Deliveries& deliveries) {
  while (unanswered_ > 0) LEAT_TRY(take_answer(deliveries));
  return ok();
}

Result<void> HttpPublisher::take_answer(Deliveries& deliveries) {
  LEAT_ASSIGN(const auto answer, http_->read());
  --unanswered_;
  deliveries.add(parse_publish_answer(answer.status, answer.body));
  return ok();
}

bool is_http_header(std::string_view name, std::string_view value) {
  if (name == "content-type") return std::all_of(value.begin(), value.end(), [](char c) { return c >= ' ' && c <= '~'; });
  return name.size() > kAttributePrefix.size() && name.starts_with(kAttributePrefix) &&
         std::all_of(name.begin() + kAttributePrefix.size(), name.end(),
                     [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); });
}

}  // namespace leat::tool
