#include "protocol/cloudevents/filter.hpp"

#include <algorithm>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <optional>

namespace leat::cloudevents {
namespace {

namespace json = boost::json;

constexpr std::size_t kDepthMax = 8;
constexpr std::size_t kConditionsMax = 100;
constexpr std::size_t kTextBytesMax = std::size_t{64} << 10;
constexpr std::string_view kKeyName = "$key";
constexpr std::string_view kHeaderPrefix = "$header.";

Error malformed(std::string_view what) {
  std::string context("filter: ");
  context.append(what);
  return Error(Errc::invalid_argument, std::move(context));
}

std::string_view text_of(const json::string& string) { return {string.data(), string.size()}; }

bool is_name(std::string_view name) {
  return name == kKeyName || (name.starts_with(kHeaderPrefix) && name.size() > kHeaderPrefix.size()) || is_attribute_name(name);
}

}  // namespace

/// What a record says under a name. Attributes are looked up in its headers; only a record that is no event in binary mode is
/// turned into one, once.
class Filter::Fields {
 public:
  Fields(const record::RecordView& record, const RecordPlace& place) : record_(record), place_(place) {
    is_binary_event_ = header("ce_specversion").has_value();
  }

  std::optional<std::string_view> find(std::string_view name) {
    if (name == kKeyName) return record_.key ? std::optional(as_text(*record_.key)) : std::nullopt;
    if (name.starts_with(kHeaderPrefix)) return header(name.substr(kHeaderPrefix.size()));
    // What the broker adds is in no header.
    if (is_binary_event_ && !is_added_by_broker(name)) return attribute_header(name);
    if (!event_) event_ = event_of(record_, place_);
    const AttributeValue* value = event_->find(name);
    if (value == nullptr) return std::nullopt;
    text_ = canonical_text(*value);
    return text_;
  }

 private:
  std::optional<std::string_view> attribute_header(std::string_view name) {
    if (name == "datacontenttype") return header("content-type");
    constexpr std::string_view kPrefix = "ce_";
    for (const auto& header : record_.headers) {
      if (header.value && header.name.size() == kPrefix.size() + name.size() && header.name.starts_with(kPrefix) &&
          header.name.ends_with(name)) {
        return as_text(*header.value);
      }
    }
    return std::nullopt;
  }

  [[nodiscard]] std::optional<std::string_view> header(std::string_view name) const {
    for (const auto& header : record_.headers) {
      if (header.name == name && header.value) return as_text(*header.value);
    }
    return std::nullopt;
  }

  const record::RecordView& record_;
  const RecordPlace& place_;
  bool is_binary_event_ = false;
  std::optional<Event> event_;
  std::string text_;
};

struct Filter::Parser {
  std::size_t conditions = 0;
  std::size_t text_bytes = 0;

  Result<Filter> filter(const json::value& value, std::size_t depth) {
    const auto* object = value.if_object();
    if (object == nullptr || object->size() != 1)
      return malformed("an object with one of exact, prefix, suffix, all, any and not");
    if (depth > kDepthMax) return malformed("at most 8 levels");
    if (++conditions > kConditionsMax) return malformed("at most 100 conditions");
    const auto& member = *object->begin();
    const std::string_view dialect(member.key().data(), member.key().size());
    if (dialect == "exact") return conditions_of(Kind::exact, member.value());
    if (dialect == "prefix") return conditions_of(Kind::prefix, member.value());
    if (dialect == "suffix") return conditions_of(Kind::suffix, member.value());
    if (dialect == "all") return list(Kind::all, member.value(), depth);
    if (dialect == "any") return list(Kind::any, member.value(), depth);
    if (dialect != "not") return malformed("knows exact, prefix, suffix, all, any and not");
    Filter negated;
    negated.kind_ = Kind::negated;
    LEAT_ASSIGN(auto part, filter(member.value(), depth + 1));
    negated.parts_.push_back(std::move(part));
    return negated;
  }

  Result<Filter> conditions_of(Kind kind, const json::value& value) {
    const auto* object = value.if_object();
    if (object == nullptr || object->empty()) return malformed("exact, prefix and suffix hold names and their values");
    Filter all;
    for (const auto& member : *object) {
      const std::string_view name(member.key().data(), member.key().size());
      const auto* text = member.value().if_string();
      if (!is_name(name)) return malformed("a name is an attribute, $key or $header.<name>");
      if (text == nullptr || text->empty()) return malformed("a value is a string that is not empty");
      if (++conditions > kConditionsMax) return malformed("at most 100 conditions");
      text_bytes += name.size() + text->size();
      if (text_bytes > kTextBytesMax) return malformed("at most 64 KiB of text");
      Filter condition;
      condition.kind_ = kind;
      condition.name_ = name;
      condition.value_ = text_of(*text);
      all.parts_.push_back(std::move(condition));
    }
    if (all.parts_.size() > 1) return all;
    Filter only = std::move(all.parts_.front());
    return only;
  }

  Result<Filter> list(Kind kind, const json::value& value, std::size_t depth) {
    const auto* array = value.if_array();
    if (array == nullptr || array->empty()) return malformed("all and any hold at least one filter");
    Filter list;
    list.kind_ = kind;
    for (const json::value& element : *array) {
      LEAT_ASSIGN(auto part, filter(element, depth + 1));
      list.parts_.push_back(std::move(part));
    }
    return list;
  }
};

Result<Filter> Filter::parse(const json::value& json) { return Parser().filter(json, 1); }

Result<Filter> Filter::parse_json(std::string_view text) {
  if (text.size() > kTextBytesMax) return malformed("at most 64 KiB of text");
  boost::system::error_code error;
  const json::value value = json::parse({text.data(), text.size()}, error);
  if (error) return malformed("not JSON: " + error.message());
  return parse(value);
}

bool Filter::matches(const record::RecordView& record, const RecordPlace& place) const {
  Fields fields(record, place);
  return matches(fields);
}

bool Filter::matches(Fields& fields) const {
  const auto fits = [&](const Filter& part) { return part.matches(fields); };
  if (kind_ == Kind::all) return std::ranges::all_of(parts_, fits);
  if (kind_ == Kind::any) return std::ranges::any_of(parts_, fits);
  if (kind_ == Kind::negated) return !parts_.front().matches(fields);
  const auto text = fields.find(name_);
  if (!text) return false;
  if (kind_ == Kind::exact) return *text == value_;
  return kind_ == Kind::prefix ? text->starts_with(value_) : text->ends_with(value_);
}

}  // namespace leat::cloudevents
