#include "server/http/problem.hpp"

#include "protocol/text/json_text.hpp"
#include "server/session/wire_error.hpp"

namespace leat::server {

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

HttpResponse problem(unsigned status, Errc code, std::string detail, std::string_view members) {
  const Error error(code, std::move(detail));
  std::string body = R"({"type":"about:blank","title":)";
  append_json_string_lossy(body, Error(code).message());
  body += ",\"status\":" + std::to_string(status);
  if (!error.context.empty()) {
    body += ",\"detail\":";
    append_json_string_lossy(body, error.context);
  }
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
  Error said = for_peer(error);
  const unsigned status = http_status_of(said.code);
  return problem(status, said.code, std::move(said.context), members);
}

}  // namespace leat::server
