#pragma once

#include <boost/asio/write.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "server/support/http_client.hpp"

namespace leat::server {

using HttpFields = std::vector<std::pair<std::string, std::string>>;
using HttpAnswer = http::response<http::string_body>;

/// One connection to the HTTP port: whole requests, or any text at all. Blocks; throws when the peer is gone.
class WebClient {
 public:
  explicit WebClient(std::uint16_t port) : socket_(connect_to(io_, port)) {}

  void send_text(std::string_view text) { boost::asio::write(socket_, boost::asio::buffer(text.data(), text.size())); }
  /// `fields` replace those that are always there, like Host.
  void send(const std::string& method, const std::string& target, const HttpFields& fields = {}, std::string body = {}) {
    http::request<http::string_body> request;
    request.method_string(method);
    request.target(target);
    request.set(http::field::host, "127.0.0.1");
    for (const auto& [name, value] : fields) request.set(name, value);
    const bool has_body = !body.empty();
    request.body() = std::move(body);
    if (has_body) request.prepare_payload();
    http::write(socket_, request);
  }
  /// The next answer; of one to HEAD there is no body.
  HttpAnswer receive(bool to_head = false) {
    http::response_parser<http::string_body> parser;
    parser.skip(to_head);
    parser.body_limit(boost::none);
    http::read(socket_, buffer_, parser);
    return parser.release();
  }
  HttpAnswer ask(const std::string& method, const std::string& target, const HttpFields& fields = {}, std::string body = {}) {
    send(method, target, fields, std::move(body));
    return receive(method == "HEAD");
  }
  /// What comes next, to the end of this text.
  std::string receive_to(std::string_view end) {
    while (true) {
      const std::string_view unread(static_cast<const char*>(buffer_.data().data()), buffer_.size());
      if (const std::size_t at = unread.find(end); at != std::string_view::npos) {
        std::string text(unread.substr(0, at + end.size()));
        buffer_.consume(text.size());
        return text;
      }
      buffer_.commit(socket_.read_some(buffer_.prepare(kPieceBytes)));
    }
  }
  /// The peer closes and says nothing more before.
  bool is_closed() {
    boost::system::error_code error;
    char byte = 0;
    return buffer_.size() == 0 && socket_.read_some(boost::asio::buffer(&byte, 1), error) == 0;
  }

 private:
  static constexpr std::size_t kPieceBytes = 4096;

  boost::asio::io_context io_;
  boost::asio::ip::tcp::socket socket_;
  boost::beast::flat_buffer buffer_;
};

inline boost::json::value json_of(const HttpAnswer& answer) { return boost::json::parse(answer.body()); }

/// "none" when there is none.
inline std::string field_of(const HttpAnswer& answer, std::string_view name) {
  const auto found = answer.find(boost::beast::string_view(name.data(), name.size()));
  return found == answer.end() ? std::string("none") : std::string(found->value());
}

/// Server-sent events of one stream.
class EventStream {
 public:
  struct Event {
    std::string id;
    std::string name;
    std::string data;
  };

  EventStream(std::uint16_t port, const std::string& target, const HttpFields& fields = {}) : client_(port) {
    client_.send("GET", target, fields);
    head_ = client_.receive_to("\r\n\r\n");
  }

  [[nodiscard]] const std::string& head() const { return head_; }
  Event next() {
    Event event;
    const std::string text = client_.receive_to("\n\n");
    for (std::string_view rest = text; rest.size() > 1;) {
      const std::size_t end = rest.find('\n');
      const std::string_view line = rest.substr(0, end);
      rest.remove_prefix(end + 1);
      if (line.starts_with("id: ")) event.id = line.substr(4);
      if (line.starts_with("event: ")) event.name = line.substr(7);
      if (line.starts_with("data: ")) event.data = line.substr(6);
    }
    return event;
  }
  bool is_closed() { return client_.is_closed(); }

 private:
  WebClient client_;
  std::string head_;
};

}  // namespace leat::server
