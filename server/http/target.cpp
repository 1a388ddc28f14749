#include "server/http/target.hpp"

#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>

namespace leat::server {

Result<void> parse_target(std::string_view target, HttpRequest& request) {
  namespace urls = boost::urls;
  const bool is_origin_form = target.starts_with('/');
  const auto parsed = is_origin_form ? urls::parse_origin_form(target) : urls::parse_absolute_uri(target);
  if (parsed.has_error()) return Error(Errc::invalid_argument, "the request's target is no path");
  const urls::url_view& url = *parsed;
  if (!is_origin_form) {
    // It has the host itself, which then counts (RFC 9112, 3.2.2).
    std::erase_if(request.fields, [](const HttpField& field) { return field.name == "host"; });
    request.fields.push_back({"host", std::string(url.encoded_host_and_port())});
  }
  request.path = std::string(url.encoded_path());
  for (const std::string& segment : url.segments()) request.segments.push_back(segment);
  for (const auto& parameter : url.params()) request.query.emplace_back(std::string(parameter.key), std::string(parameter.value));
  return ok();
}

}  // namespace leat::server
