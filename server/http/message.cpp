#include "server/http/message.hpp"

#include <algorithm>

namespace leat::server {

std::string_view HttpRequest::field(std::string_view name) const {
  const auto found = std::find_if(fields.begin(), fields.end(), [&](const HttpField& field) { return field.name == name; });
  return found == fields.end() ? std::string_view() : std::string_view(found->value);
}

const std::string* HttpRequest::parameter(std::string_view name) const {
  const auto found = std::find_if(query.begin(), query.end(), [&](const auto& parameter) { return parameter.first == name; });
  return found == query.end() ? nullptr : &found->second;
}

HttpResponse text_response(unsigned status, std::string_view content_type, std::string body) {
  HttpResponse response;
  response.status = status;
  response.fields.push_back({"content-type", std::string(content_type)});
  response.body.emplace_back(std::move(body));
  return response;
}

}  // namespace leat::server
