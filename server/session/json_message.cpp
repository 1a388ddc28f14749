#include "server/session/json_message.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <limits>

#include "protocol/text/base64.hpp"
#include "protocol/text/timestamp.hpp"

namespace leat::server::json_message {
namespace {

namespace json = boost::json;

constexpr std::size_t kTopicsMax = 1000;
constexpr std::size_t kDepthMax = 32;

Error invalid(std::string what) { return Error(Errc::invalid_argument, std::move(what)); }

/// The members of one object, each asked for once; finish() refuses the others, as a misspelt one would be ignored in silence.
class Members {
 public:
  explicit Members(const json::object& object) : object_(object) {}

  const json::value* find(std::string_view name) {
    const json::value* const found = object_.if_contains({name.data(), name.size()});
    if (found != nullptr) ++used_;
    return found;
  }

  Result<std::optional<std::string>> text(std::string_view name) {
    const json::value* const found = find(name);
    if (found == nullptr || found->is_null()) return std::optional<std::string>();
    if (!found->is_string()) return invalid(std::string(name) + " is a string");
    return std::optional<std::string>(std::string(found->get_string()));
  }

  Result<std::string> required_text(std::string_view name) {
    LEAT_ASSIGN(auto found, text(name));
    if (!found) return invalid(std::string(name) + " is missing");
    return std::move(*found);
  }

  Result<std::optional<std::int64_t>> number(std::string_view name, std::int64_t max) {
    const json::value* const found = find(name);
    if (found == nullptr || found->is_null()) return std::optional<std::int64_t>();
    boost::system::error_code error;
    const auto value = found->to_number<std::int64_t>(error);
    if (error || value < 0 || value > max) return invalid(std::string(name) + " is an integer from 0 to " + std::to_string(max));
    return std::optional<std::int64_t>(value);
  }

  Result<void> finish(std::string_view known) const {
    if (used_ == object_.size()) return ok();
    return invalid("there are members besides " + std::string(known));
  }

 private:
  const json::object& object_;
  std::size_t used_ = 0;
};

constexpr std::int64_t kIdMax = std::numeric_limits<std::uint32_t>::max();
constexpr std::int64_t kInt32Max = std::numeric_limits<std::int32_t>::max();
constexpr std::int64_t kExactMax = std::int64_t{1} << 53;

Result<std::optional<PartitionId>> partition_of(Members& members) {
  LEAT_ASSIGN(const auto number, members.number("partition", kInt32Max));
  if (!number) return std::optional<PartitionId>();
  return std::optional<PartitionId>(PartitionId(static_cast<std::int32_t>(*number)));
}

/// `name` as text, or `name_base64`.
Result<std::optional<std::string>> bytes_of(Members& members, const std::string& name) {
  LEAT_ASSIGN(auto text, members.text(name));
  LEAT_ASSIGN(const auto base64, members.text(name + "_base64"));
  if (!base64) return text;
  if (text) return invalid("either " + name + " or " + name + "_base64");
  const auto decoded = decode_base64(*base64);
  if (!decoded) return invalid(name + "_base64 is not Base64");
  return std::optional<std::string>(std::string(as_text(*decoded)));
}

Result<std::vector<std::string>> topics_of(Members& members) {
  LEAT_ASSIGN(const auto topic, members.text("topic"));
  const json::value* const topics = members.find("topics");
  if (topic && topics == nullptr) return std::vector<std::string>{*topic};
  if (topic || topics == nullptr || !topics->is_array()) return invalid("either topic, a name, or topics, an array of names");
  std::vector<std::string> names;
  for (const json::value& name : topics->get_array()) {
    if (!name.is_string()) return invalid("topics is an array of names");
    names.emplace_back(name.get_string());
  }
  if (names.empty() || names.size() > kTopicsMax) return invalid("topics are from 1 to " + std::to_string(kTopicsMax));
  return names;
}

Result<StartPosition> start_of(Members& members, TimestampMs now_ms) {
  const json::value* const from = members.find("from");
  if (from == nullptr) return StartPosition{};
  if (from->is_string()) return StartPosition::parse({from->get_string().data(), from->get_string().size()}, now_ms);
  boost::system::error_code error;
  const auto offset = from->to_number<std::int64_t>(error);
  if (error || offset < 0) return invalid("from is an offset, or a string");
  return StartPosition{StartPosition::Kind::offset, offset};
}

Result<Message> parse_subscribe(Members& members, std::uint32_t id, TimestampMs now_ms) {
  Subscribe subscribe;
  subscribe.id = id;
  LEAT_ASSIGN(subscribe.topics, topics_of(members));
  LEAT_ASSIGN(subscribe.partition, partition_of(members));
  LEAT_ASSIGN(subscribe.from, start_of(members, now_ms));
  if (const json::value* const filter = members.find("filter"); filter != nullptr) {
    LEAT_ASSIGN(subscribe.filter, cloudevents::Filter::parse(*filter));
  }
  LEAT_ASSIGN(const auto credit, members.number("credit", kExactMax));
  if (credit) subscribe.credit = static_cast<std::uint64_t>(*credit);
  LEAT_TRY(members.finish("type, id, topic, topics, partition, from, filter, credit"));
  return Message(std::move(subscribe));
}

Result<Message> parse_credit(Members& members, std::uint32_t id) {
  LEAT_ASSIGN(const auto records, members.number("records", kExactMax));
  if (!records) return invalid("records is missing");
  LEAT_TRY(members.finish("type, id, records"));
  return Message(Credit{id, static_cast<std::uint64_t>(*records)});
}

Result<Message> parse_publish(Members& members, std::uint32_t id) {
  Publish publish;
  publish.id = id;
  LEAT_ASSIGN(publish.topic, members.required_text("topic"));
  LEAT_ASSIGN(const auto level, members.text("ack"));
  if (level) {
    const auto named = ack_level_named(*level);
    if (!named) return invalid("ack is durable, written or none");
    publish.level = *named;
  }
  const json::value* const records = members.find("records");
  if (records == nullptr || !records->is_array() || records->get_array().empty()) {
    return invalid("records is an array of at least one");
  }
  for (const json::value& record : records->get_array()) {
    LEAT_ASSIGN(auto parsed, parse_record(record));
    publish.records.push_back(std::move(parsed));
  }
  LEAT_TRY(members.finish("type, id, topic, ack, records"));
  return Message(std::move(publish));
}

Result<Message> parse_object(const json::object& object, std::uint32_t& id, TimestampMs now_ms) {
  Members members(object);
  LEAT_ASSIGN(const auto number, members.number("id", kIdMax));
  id = static_cast<std::uint32_t>(number.value_or(0));
  LEAT_ASSIGN(const std::string type, members.required_text("type"));
  if (!number || id == 0) return invalid("id, a number of your own from 1 on, is missing");
  if (type == "subscribe") return parse_subscribe(members, id, now_ms);
  if (type == "credit") return parse_credit(members, id);
  if (type == "publish") return parse_publish(members, id);
  if (type == "unsubscribe" || type == "ping") {
    LEAT_TRY(members.finish("type, id"));
    // Apart, as GCC 12 takes the parts of a conditional expression's other side for uninitialised.
    if (type == "ping") return Message(Ping{id});
    return Message(Unsubscribe{id});
  }
  return invalid("type is subscribe, credit, unsubscribe, publish or ping");
}

Result<std::vector<Record::Header>> headers_of(const json::value& json) {
  if (!json.is_array()) return invalid("headers is an array");
  std::vector<Record::Header> headers;
  for (const json::value& header : json.get_array()) {
    if (!header.is_object()) return invalid("a header is an object with name and value");
    Members members(header.get_object());
    Record::Header parsed;
    LEAT_ASSIGN(parsed.name, members.required_text("name"));
    LEAT_ASSIGN(parsed.value, bytes_of(members, "value"));
    LEAT_TRY(members.finish("name, value, value_base64"));
    headers.push_back(std::move(parsed));
  }
  return headers;
}

Result<std::optional<TimestampMs>> timestamp_of(Members& members) {
  const json::value* const found = members.find("timestamp");
  if (found == nullptr || found->is_null()) return std::optional<TimestampMs>();
  boost::system::error_code error;
  if (!found->is_string()) {
    const auto ms = found->to_number<std::int64_t>(error);
    if (!error && ms >= 0) return std::optional<TimestampMs>(ms);
  } else if (const auto time = parse_timestamp({found->get_string().data(), found->get_string().size()})) {
    return std::optional<TimestampMs>(*time);
  }
  return invalid("timestamp is milliseconds since 1970, or an RFC 3339 time");
}

}  // namespace

Result<Record> parse_record(const json::value& json) {
  if (!json.is_object()) return invalid("a record is an object");
  Members members(json.get_object());
  Record record;
  LEAT_ASSIGN(record.key, bytes_of(members, "key"));
  LEAT_ASSIGN(record.value, bytes_of(members, "value"));
  if (const json::value* const embedded = members.find("value_json"); embedded != nullptr) {
    if (record.value) return invalid("one of value, value_base64 and value_json");
    record.value = json::serialize(*embedded);
  }
  if (const json::value* const headers = members.find("headers"); headers != nullptr) {
    LEAT_ASSIGN(record.headers, headers_of(*headers));
  }
  LEAT_ASSIGN(record.timestamp, timestamp_of(members));
  LEAT_ASSIGN(record.partition, partition_of(members));
  LEAT_TRY(members.finish("key, key_base64, value, value_base64, value_json, headers, timestamp, partition"));
  return record;
}

NewRecord Record::view() const {
  NewRecord view;
  if (key) view.key = as_bytes(*key);
  if (value) view.value = as_bytes(*value);
  for (const Header& header : headers) {
    view.headers.push_back({header.name, header.value ? std::optional<ByteSpan>(as_bytes(*header.value)) : std::nullopt});
  }
  view.timestamp = timestamp;
  view.partition = partition;
  return view;
}

std::optional<native::AckLevel> ack_level_named(std::string_view name) {
  if (name == "durable") return native::AckLevel::durable;
  if (name == "written") return native::AckLevel::written;
  if (name == "none") return native::AckLevel::none;
  return std::nullopt;
}

std::string_view name_of(native::AckLevel level) {
  return level == native::AckLevel::durable ? "durable" : level == native::AckLevel::written ? "written" : "none";
}

std::variant<Message, Refusal> parse(std::string_view text, TimestampMs now_ms) {
  json::parse_options options;
  options.max_depth = kDepthMax;
  boost::system::error_code error;
  const json::value value = json::parse({text.data(), text.size()}, error, {}, options);
  if (error || !value.is_object()) return Refusal{0, Error(Errc::malformed_frame, "a message is one JSON object")};
  std::uint32_t id = 0;
  auto message = parse_object(value.get_object(), id, now_ms);
  if (message.has_error()) return Refusal{id, std::move(message).error()};
  return std::move(*message);
}

}  // namespace leat::server::json_message
