#include "server/net/http_connection.hpp"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/string.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/rfc7230.hpp>
#include <boost/beast/http/write.hpp>
#include <boost/beast/websocket/rfc6455.hpp>

#include "server/config/logging.hpp"
#include "server/http/http_date.hpp"
#include "server/http/problem.hpp"
#include "server/http/target.hpp"
#include "server/net/await_share.hpp"
#include "server/net/shared_body.hpp"
#include "server/net/tcp_progress.hpp"
#include "server/net/web_socket_connection.hpp"
#include "server/version.hpp"

namespace leat::server {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using boost::system::error_code;

constexpr std::uint32_t kHeadBytesMax = 16U << 10;
constexpr std::size_t kBodyPieceBytes = 64U << 10;
/// Bodies up to this pass whatever others do, as do answers.
constexpr std::size_t kFreeBytes = ReceiveMemory::kOwnBytes;
constexpr std::chrono::seconds kLingerMax{3};

template <class Message>
HttpRequest head_of(const Message& message, const std::string& peer) {
  HttpRequest head;
  head.method = std::string(message.method_string());
  head.peer = peer;
  for (const auto& field : message) {
    std::string name(field.name_string());
    std::transform(name.begin(), name.end(), name.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; });
    head.fields.push_back({std::move(name), std::string(field.value())});
  }
  return head;
}

/// Why a head could not be read, for those errors that are the peer's.
std::optional<HttpResponse> answer_to(const error_code& error) {
  if (error == http::error::header_limit) return problem(431, Errc::limit_reached, "the request's head is too large");
  if (error == http::error::end_of_stream || error == http::error::partial_message) return std::nullopt;
  if (error.category() == http::make_error_code(http::error::bad_method).category()) {
    return problem(400, Errc::malformed_frame, error.message());
  }
  return std::nullopt;
}

/// RFC 9112, section 3.2: which host is asked for must be said, and once; before HTTP/1.1 it could not be.
template <class Message>
bool names_its_host(const Message& message) {
  const auto hosts = message.count(http::field::host);
  return hosts == 1 || (hosts == 0 && message.version() < 11);
}

std::string date_now() { return http_date(std::time(nullptr)); }

/// A body as it comes, and its share of the memory for what is received.
struct Body {
  ByteBudget::Share share;
  std::vector<std::byte> bytes;
};

/// For coroutines: the error is theirs to look at.
auto or_error(error_code& error) { return asio::redirect_error(asio::use_awaitable, error); }

}  // namespace

HttpConnection::HttpConnection(asio::ip::tcp::socket socket, std::string peer, ClientEntry client, Shard& shard,
                               HttpHandler& handler, NetworkMemory memory, HttpConnectionOptions options)
    : stream_(std::move(socket)),
      peer_(std::move(peer)),
      client_(std::move(client)),
      shard_(shard),
      handler_(handler),
      memory_(std::move(memory)),
      options_(options),
      buffer_(kHeadBytesMax + kBodyPieceBytes) {}

void HttpConnection::start(std::shared_ptr<ConnectionCount> counted, std::function<void()> ended) {
  counted_ = std::move(counted);
  ended_ = std::move(ended);
  error_code ignored;
  stream_.socket().set_option(asio::ip::tcp::no_delay(true), ignored);
  asio::co_spawn(
      shard_.io(), [self = shared_from_this()] { return self->serve(); },
      [self = shared_from_this()](const std::exception_ptr& thrown) {
        if (thrown) log::error("connection ended by a fault of the broker", {{"peer", self->peer_}});
        if (thrown || !self->successor_) self->close();
      });
}

asio::awaitable<void> HttpConnection::serve() {
  bool goes_on = true;
  while (goes_on && !draining_ && !closed_ && !successor_) {
    Parser parser;
    parser.header_limit(kHeadBytesMax);
    parser.body_limit(boost::none);  // receive_body() has its own, with an answer
    if (!co_await receive_head(parser)) break;
    answering_ = true;
    goes_on = co_await answer(parser);
    answering_ = false;
    answered_ = true;
  }
  if (!closed_ && !successor_) co_await linger();
}

asio::awaitable<bool> HttpConnection::receive_head(Parser& parser) {
  error_code error;
  if (buffer_.size() == 0) {
    // Who connects has something to say.
    stream_.expires_after(answered_ ? options_.idle_timeout : options_.timeouts.handshake);
    const std::size_t got = co_await stream_.async_read_some(buffer_.prepare(4096), or_error(error));
    if (error) co_return false;
    buffer_.commit(got);
  }
  stream_.expires_after(options_.timeouts.handshake);
  const std::size_t head_bytes = co_await http::async_read_header(stream_, buffer_, parser, or_error(error));
  client_->received(head_bytes);
  if (!error) co_return true;
  if (auto response = answer_to(error)) co_await send(std::move(*response), parser);
  co_return false;
}

asio::awaitable<bool> HttpConnection::answer(Parser& parser) {
  HttpRequest request = head_of(parser.get(), peer_);
  request.client = client_;
  if (const std::string_view agent = request.field("user-agent"); !agent.empty()) client_->set_name(agent);
  if (!names_its_host(parser.get())) {
    co_await send(problem(400, Errc::malformed_frame, "a request has one Host"), parser);
    co_return false;
  }
  const beast::string_view target = parser.get().target();
  if (const auto parsed = parse_target({target.data(), target.size()}, request); parsed.has_error()) {
    co_await send(refusal_of(request, problem(parsed.error())), parser);
    co_return false;
  }
  // What cannot be decoded has no end that is known.
  if (const std::string_view coding = request.field("transfer-encoding"); !coding.empty() && !beast::iequals(coding, "chunked")) {
    co_await send(problem(501, Errc::unsupported_request, "bodies come whole or in chunks, not in " + std::string(coding)),
                  parser);
    co_return false;
  }
  if (auto refusal = handler_.refuse(request)) {
    co_return co_await send(std::move(*refusal), parser);
  }
  if (beast::websocket::is_upgrade(parser.get())) {
    co_await open_web_socket(parser, std::move(request));
    co_return false;
  }
  auto body = co_await receive_body(parser);
  if (body.has_error()) {
    if (body.error().code == Errc::connection_lost) co_return false;
    co_await send(refusal_of(request, problem(body.error())), parser);
    co_return false;
  }
  request.body = std::move(*body);
  HttpResponse response = co_await handler_.handle(std::move(request), shard_);
  if (closed_) co_return false;
  const bool has_stream = response.stream && parser.get().method() != http::verb::head;
  if (has_stream && !draining_) {
    open_stream(response);
    co_return false;
  }
  if (has_stream) response = problem(Error(Errc::shutting_down));
  co_return co_await send(std::move(response), parser);
}

HttpResponse HttpConnection::refusal_of(const HttpRequest& head, HttpResponse response) const {
  handler_.add_cors(head, response);
  return response;
}

asio::awaitable<Result<SharedBytes>> HttpConnection::receive_body(Parser& parser) {
  const auto too_large = [&] {
    return Error(Errc::frame_too_large, "a body is at most " + std::to_string(options_.body_bytes_max) + " bytes");
  };
  const auto length = parser.content_length();
  if (length && *length > options_.body_bytes_max) co_return too_large();
  error_code error;
  const std::shared_ptr<ByteBudget> budget = memory_.receiving->budget;
  ByteBudget::Share share = budget->none();
  if (length && *length > kFreeBytes) share = co_await await_share(budget, static_cast<std::size_t>(*length), shard_);
  if (closed_) co_return Error(Errc::connection_lost);
  stream_.expires_after(options_.timeouts.frame);
  if (!parser.is_done() && beast::iequals(parser.get()[http::field::expect], "100-continue")) {
    static constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
    co_await asio::async_write(stream_, asio::buffer(kContinue), or_error(error));
    if (error) co_return Error(Errc::connection_lost);
  }
  auto body = std::make_shared<Body>();
  body->share = std::move(share);
  std::size_t filled = 0;
  const PaceGuard guard(shard_.io(), {[&filled] { return filled; }, [&body] { return body->share.bytes(); },
                                      [&] { return body->share && budget->has_waiting(); }, [&] { evict(0, filled); }});
  while (!parser.is_done()) {
    if (filled > options_.body_bytes_max) co_return too_large();
    if (filled == body->bytes.size()) {
      // Twice what has come, never what was declared.
      const std::size_t more = std::max(filled, std::min(length.value_or(kBodyPieceBytes) + 1, std::uint64_t{kBodyPieceBytes}));
      if (!length) {
        ByteBudget::Share another = budget->take(more);
        if (!another) co_return Error(Errc::overloaded, "too much is being received");
        body->share.add(std::move(another));
      }
      body->bytes.resize(filled + more);
    }
    auto& piece = parser.get().body();
    piece.data = body->bytes.data() + filled;
    piece.size = body->bytes.size() - filled;
    const std::size_t room = piece.size;
    const std::size_t got = co_await http::async_read_some(stream_, buffer_, parser, or_error(error));
    client_->received(got);
    if (error == http::error::need_buffer) error = {};
    if (error && answer_to(error)) co_return Error(Errc::malformed_frame, error.message());
    if (error) co_return Error(Errc::connection_lost, error.message());
    filled += room - piece.size;
  }
  if (filled > options_.body_bytes_max) co_return too_large();
  body->bytes.resize(filled);
  const ByteSpan bytes = body->bytes;
  co_return SharedBytes(std::move(body), bytes);
}

asio::awaitable<bool> HttpConnection::send(HttpResponse response, const Parser& parser) {
  http::response<SharedBody> message(http::int_to_status(response.status), 11);
  message.set(http::field::date, date_now());
  message.set(http::field::server, "leatd/" + std::string(kVersion));
  for (const HttpField& field : response.fields) message.insert(field.name, field.value);
  const bool head_only = parser.is_header_done() && parser.get().method() == http::verb::head;
  const bool has_body = response.status != 204 && response.status != 304 && !response.stream;
  message.body() = std::move(response.body);
  if (has_body) message.content_length(SharedBody::size(message.body()));
  if (head_only || !has_body) message.body().clear();
  const bool keep_alive = parser.is_done() && parser.keep_alive() && !draining_;
  message.keep_alive(keep_alive);
  error_code error;
  stream_.expires_after(options_.timeouts.send);
  http::response_serializer<SharedBody> serializer(message);
  const std::unique_ptr<PaceGuard> guard = watch_sending(SharedBody::size(message.body()));
  std::size_t sent = 0;
  if (head_only) {
    sent = co_await http::async_write_header(stream_, serializer, or_error(error));
  } else {
    sent = co_await http::async_write(stream_, serializer, or_error(error));
  }
  client_->sent(sent);
  co_return !error && keep_alive;
}

std::unique_ptr<PaceGuard> HttpConnection::watch_sending(std::uint64_t bytes) {
  if (bytes <= kFreeBytes) return nullptr;
  const int socket = stream_.socket().native_handle();
  const auto left = [socket, bytes, before = acknowledged_bytes_total(socket)] {
    return static_cast<std::size_t>(bytes - std::min(bytes, acknowledged_bytes_total(socket) - before));
  };
  return std::make_unique<PaceGuard>(
      shard_.io(), PaceGuard::Transfer{[socket] { return acknowledged_bytes_total(socket); }, left,
                                       [this] { return memory_.sending->has_waiting(); }, [this, left] { evict(left(), 0); }});
}

void HttpConnection::evict(std::size_t unsent_bytes, std::size_t unfinished_bytes) {
  report_eviction(shard_, stream_.socket(), unsent_bytes, unfinished_bytes);
  close();
}

asio::awaitable<void> HttpConnection::open_web_socket(const Parser& parser, HttpRequest head) {
  std::vector<std::string> wanted;
  for (const auto& protocol : http::token_list(parser.get()[http::field::sec_websocket_protocol])) wanted.emplace_back(protocol);
  if (buffer_.size() > 0) {
    co_await send(problem(400, Errc::malformed_frame, "nothing may follow before the upgrade is answered"), parser);
    co_return;
  }
  HttpHandler::WebSocketOffer offer = handler_.open_web_socket(head, wanted, shard_);
  if (offer.refusal) {
    co_await send(std::move(*offer.refusal), parser);
    co_return;
  }
  WebSocketOptions options;
  options.timeouts = options_.timeouts;
  options.message_bytes_max = options_.message_bytes_max;
  options.subprotocol = offer.subprotocol;
  options.client = client_;
  options.whole_text_messages = offer.whole_text_messages;
  client_->set_protocol("ws:" + offer.subprotocol);
  auto connection = std::make_shared<WebSocketConnection>(stream_.release_socket(), shard_, memory_, std::move(options));
  successor_ = connection;
  std::exchange(counted_, nullptr)->change_to(offer.transport);
  buffer_.shrink_to_fit();
  connection->start(WebSocketConnection::Upgrade(parser.get().base()), offer.session(*connection),
                    std::exchange(ended_, nullptr));
}

void HttpConnection::open_stream(const HttpResponse& response) {
  std::string head =
      "HTTP/1.1 200 OK\r\nDate: " + date_now() + "\r\nServer: leatd/" + std::string(kVersion) + "\r\nConnection: close\r\n";
  for (const HttpField& field : response.fields) head += field.name + ": " + field.value + "\r\n";
  head += "\r\n";
  client_->set_protocol("sse");
  auto connection =
      std::make_shared<TcpConnection>(stream_.release_socket(), shard_, memory_.receiving, options_.timeouts, client_);
  successor_ = connection;
  std::exchange(counted_, nullptr)->change_to(Transport::sse);
  connection->send(SharedBytes(std::move(head)), false);
  connection->flush_soon();
  connection->start(response.stream(*connection), std::exchange(ended_, nullptr));
}

asio::awaitable<void> HttpConnection::linger() {
  error_code error;
  stream_.socket().shutdown(asio::socket_base::shutdown_send, error);
  // Closing with bytes of the peer's unread would reset the connection, and lose it the answer.
  stream_.expires_after(kLingerMax);
  while (!error) {
    buffer_.clear();
    co_await stream_.async_read_some(buffer_.prepare(4096), or_error(error));
  }
}

void HttpConnection::drain() {
  if (successor_) return successor_->drain();
  draining_ = true;
  if (!answering_) close();
}

void HttpConnection::close() {
  if (successor_) return successor_->close();
  if (std::exchange(closed_, true)) return;
  stream_.close();
  counted_.reset();
  if (ended_) std::exchange(ended_, nullptr)();
}

}  // namespace leat::server
