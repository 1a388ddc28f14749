#include "server/http/problem.hpp"

#include <boost/beast/http/status.hpp>

#include "protocol/text/json_text.hpp"
#include "server/session/wire_error.hpp"

namespace leat::server {
namespace {

/// The status code's name in RFC 9110, which about:blank wants for a title.
std::string_view phrase_of(unsigned status) {
  if (status == 413) return "Content Too Large";  // Beast has the name of an older RFC
  const auto phrase = boost::beast::http::obsolete_reason(boost::beast::http::int_to_status(status));
  return {phrase.data(), phrase.size()};
}

}  // namespace

unsigned http_status_of(Errc code) {
  switch (code) {
    case Errc::malformed_frame:
    case Errc::invalid_topic_name:
    case Errc::invalid_argument:
    case Errc::invalid_batch:
    case Errc::corrupt_batch:
      return 400;
    case Errc::unknown_topic:
    case Errc::unknown_partition:
    case Errc::unknown_subscription:
      return 404;
    case Errc::topic_exists:
    case Errc::out_of_order_sequence:
    case Errc::producer_fenced:
    case Errc::unknown_producer:
      return 409;
    case Errc::frame_too_large:
    case Errc::batch_too_large:
      return 413;
    case Errc::offset_out_of_range:
      return 416;
    case Errc::limit_reached:
      return 429;
    case Errc::overloaded:
    case Errc::storage_failed:
    case Errc::shutting_down:
    case Errc::would_block:
    case Errc::closed:
      return 503;
    case Errc::storage_full:
      return 507;
    default:
      return 500;
  }
}

HttpResponse problem(unsigned status, Errc code, std::string_view detail, std::string_view members) {
  std::string body = R"({"type":"about:blank","title":)";
  append_json_string_lossy(body, phrase_of(status));
  body += ",\"status\":" + std::to_string(status) + ",\"detail\":";
  append_json_string_lossy(body, detail);
  body += ",\"code\":";
  append_json_string_lossy(body, name_of(code));
  body += is_retriable(code) ? ",\"retriable\":true" : ",\"retriable\":false";
  if (!members.empty()) body.append(",").append(members);
  body += "}\n";
  HttpResponse response = text_response(status, "application/problem+json", std::move(body));
  if (is_retriable(code)) response.fields.push_back({"retry-after", "1"});
  return response;
}

HttpResponse problem(const Error& error, std::string_view members) {
  const Error said = for_peer(error);
  return problem(http_status_of(said.code), said.code, said.message(), members);
}

}  // namespace leat::server
