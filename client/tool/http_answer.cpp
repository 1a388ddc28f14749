#include "client/tool/http_answer.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

namespace leat::tool {
namespace {

namespace json = boost::json;

/// The numbers of errors end well before.
constexpr std::uint16_t kErrcEnd = 100;

std::optional<Errc> errc_named(std::string_view name) {
  for (std::uint16_t number = 1; number < kErrcEnd; ++number) {
    if (name != "unknown" && leat::name_of(static_cast<Errc>(number)) == name) return static_cast<Errc>(number);
  }
  return std::nullopt;
}

json::value parse(std::string_view body) {
  boost::system::error_code failed;
  json::value value = json::parse({body.data(), body.size()}, failed);
  return failed ? json::value() : value;
}

std::string_view text_at(const json::value& value, const char* member) {
  const json::object* const object = value.if_object();
  const json::value* const found = object == nullptr ? nullptr : object->if_contains(member);
  if (found == nullptr || !found->is_string()) return {};
  return {found->get_string().data(), found->get_string().size()};
}

std::optional<std::int64_t> number_at(const json::value& value, const char* member) {
  const json::object* const object = value.if_object();
  const json::value* const found = object == nullptr ? nullptr : object->if_contains(member);
  if (found == nullptr || !found->is_int64()) return std::nullopt;
  return found->get_int64();
}

AckLevel level_named(std::string_view name) {
  if (name == "durable") return AckLevel::durable;
  return name == "written" ? AckLevel::written : AckLevel::none;
}

/// What a text says beside what the code says already: "orders" of "unknown topic: orders".
std::string beside(std::string_view said, std::string_view text) {
  if (!text.starts_with(said)) return std::string(text);
  text.remove_prefix(said.size());
  if (text.starts_with(": ")) text.remove_prefix(2);
  return std::string(text);
}

}  // namespace

Error error_of_answer(unsigned status, std::string_view body) {
  const json::value problem = parse(body);
  const std::string_view detail = text_at(problem, "detail");
  if (const auto code = errc_named(text_at(problem, "code"))) return Error(*code, beside(Error(*code).message(), detail));
  std::string text = "the server answered with HTTP " + std::to_string(status);
  const std::string_view said = detail.empty() ? text_at(problem, "title") : detail;
  if (!said.empty()) text.append(": ").append(said);
  return Error(status >= 500 ? Errc::internal : Errc::unsupported_request, std::move(text));
}

Result<Delivery> parse_publish_answer(unsigned status, std::string_view body) {
  if (status < 200 || status > 299) return error_of_answer(status, body);
  const json::value answer = parse(body);
  const json::object* const object = answer.if_object();
  const json::value* const records = object == nullptr ? nullptr : object->if_contains("records");
  if (records != nullptr && records->is_array() && records->get_array().size() == 1) {
    const json::value& record = records->get_array()[0];
    const auto partition = number_at(record, "partition");
    const auto offset = number_at(record, "offset");
    if (partition && offset) {
      return Delivery{PartitionId(static_cast<std::int32_t>(*partition)), Offset(*offset), 0,
                      level_named(text_at(record, "ack"))};
    }
  }
  return Error(Errc::internal, "the server's answer does not say where the record is");
}

}  // namespace leat::tool
