#include "server/session/json_message.hpp"

#include <algorithm>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <limits>
#include <set>

#include "protocol/cloudevents/json_span.hpp"
#include "protocol/text/base64.hpp"
#include "protocol/text/timestamp.hpp"

namespace leat::server::json_message {
namespace {

namespace json = boost::json;

constexpr std::size_t kTopicsMax = 1000;
/// No message and no record knows more.
constexpr std::size_t kMembersMax = 16;

Error invalid(std::string what) { return Error(Errc::invalid_argument, std::move(what)); }

bool is_string(std::string_view value) { return value.starts_with('"'); }
bool is_array(std::string_view value) { return value.starts_with('['); }
bool is_object(std::string_view value) { return value.starts_with('{'); }

/// What a JSON string says.
std::string text_of(std::string_view string) {
  if (string.find('\\') == std::string_view::npos) return std::string(string.substr(1, string.size() - 2));
  return std::string(json::parse({string.data(), string.size()}).as_string());
}

std::optional<std::int64_t> integer_of(std::string_view value) {
  if (is_string(value) || is_array(value) || is_object(value)) return std::nullopt;
  boost::system::error_code error;
  const auto integer = json::parse({value.data(), value.size()}).to_number<std::int64_t>(error);
  return error ? std::nullopt : std::optional<std::int64_t>(integer);
}

/// Calls `take` with the elements of an array until it fails.
template <class Take>
Result<void> for_each_element(std::string_view array, Take&& take) {
  Result<void> result = ok();
  cloudevents::for_each_json_element(array, [&](std::string_view element) {
    if (result.has_value()) result = take(element);
  });
  return result;
}

/// The members of one object as they were written, each asked for once; finish() refuses the others, as a misspelt one would be
/// ignored in silence. There is no tree of the whole text: it would be many times as large, whatever is refused later.
class Members {
 public:
  /// `object` is well-formed.
  explicit Members(std::string_view object) {
    cloudevents::for_each_json_member(object, [this](std::string_view name, std::string_view value) { enter(name, value); });
  }

  std::optional<std::string_view> find(std::string_view name) {
    const auto found = std::find_if(members_.begin(), members_.end(), [&](const Member& member) { return member.name == name; });
    if (found == members_.end()) return std::nullopt;
    ++used_;
    return found->value;
  }

  Result<std::optional<std::string>> text(std::string_view name) {
    const auto found = find(name);
    if (!found || *found == "null") return std::optional<std::string>();
    if (!is_string(*found)) return invalid(std::string(name) + " is a string");
    return std::optional<std::string>(text_of(*found));
  }

  Result<std::string> required_text(std::string_view name) {
    LEAT_ASSIGN(auto found, text(name));
    if (!found) return invalid(std::string(name) + " is missing");
    return std::move(*found);
  }

  Result<std::optional<std::int64_t>> number(std::string_view name, std::int64_t max) {
    const auto found = find(name);
    if (!found || *found == "null") return std::optional<std::int64_t>();
    const auto value = integer_of(*found);
    if (!value || *value < 0 || *value > max)
      return invalid(std::string(name) + " is an integer from 0 to " + std::to_string(max));
    return value;
  }

  Result<void> finish(std::string_view known) const {
    if (used_ == members_.size() && !too_many_) return ok();
    return invalid("there are members besides " + std::string(known));
  }

 private:
  struct Member {
    std::string name;
    std::string_view value;
  };

  void enter(std::string_view written_name, std::string_view value) {
    if (too_many_) return;
    std::string name = text_of({written_name.data() - 1, written_name.size() + 2});
    const auto same = std::find_if(members_.begin(), members_.end(), [&](const Member& member) { return member.name == name; });
    if (same != members_.end()) {
      same->value = value;
    } else if (members_.size() < kMembersMax) {
      members_.push_back({std::move(name), value});
    } else {
      too_many_ = true;
    }
  }

  std::vector<Member> members_;
  std::size_t used_ = 0;
  bool too_many_ = false;
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
  const auto topics = members.find("topics");
  if (topic && !topics) return std::vector<std::string>{*topic};
  if (topic || !topics || !is_array(*topics)) return invalid("either topic, a name, or topics, an array of names");
  std::vector<std::string> names;
  std::set<std::string> different;
  LEAT_TRY(for_each_element(*topics, [&](std::string_view element) -> Result<void> {
    if (!is_string(element)) return invalid("topics is an array of names");
    if (names.size() == kTopicsMax) return invalid("topics are from 1 to " + std::to_string(kTopicsMax));
    names.push_back(text_of(element));
    if (!different.insert(names.back()).second) return invalid("topics names a topic twice: " + names.back());
    return ok();
  }));
  if (names.empty()) return invalid("topics are from 1 to " + std::to_string(kTopicsMax));
  return names;
}

Result<StartPosition> start_of(Members& members, TimestampMs now_ms) {
  const auto from = members.find("from");
  if (!from) return StartPosition{};
  if (is_string(*from)) return StartPosition::parse(text_of(*from), now_ms);
  const auto offset = integer_of(*from);
  if (!offset || *offset < 0) return invalid("from is an offset, or a string");
  return StartPosition{StartPosition::Kind::offset, *offset};
}

Result<Message> parse_subscribe(Members& members, std::uint32_t id, TimestampMs now_ms) {
  Subscribe subscribe;
  subscribe.id = id;
  LEAT_ASSIGN(subscribe.topics, topics_of(members));
  LEAT_ASSIGN(subscribe.partition, partition_of(members));
  LEAT_ASSIGN(subscribe.from, start_of(members, now_ms));
  if (const auto filter = members.find("filter")) {
    LEAT_ASSIGN(subscribe.filter, cloudevents::Filter::parse_json(*filter));
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

/// One record of a publish: `key`, `value`, `key_base64`, `value_base64`, `value_json` (any JSON, stored as it was written),
/// `headers` as [{"name":...,"value":...}], `timestamp` (ms or RFC 3339), `partition`.
Result<Record> parse_record(std::string_view text);

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
  const auto records = members.find("records");
  if (!records || !is_array(*records)) return invalid("records is an array of at least one");
  LEAT_TRY(for_each_element(*records, [&](std::string_view record) -> Result<void> {
    if (publish.records.size() == kRecordsPerRequestMax) {
      return invalid("records are at most " + std::to_string(kRecordsPerRequestMax) + " a request");
    }
    LEAT_ASSIGN(auto parsed, parse_record(record));
    publish.records.push_back(std::move(parsed));
    return ok();
  }));
  if (publish.records.empty()) return invalid("records is an array of at least one");
  LEAT_TRY(members.finish("type, id, topic, ack, records"));
  return Message(std::move(publish));
}

Result<Message> parse_object(std::string_view object, std::uint32_t& id, TimestampMs now_ms) {
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

Result<Record::Header> header_of(std::string_view text) {
  if (!is_object(text)) return invalid("a header is an object with name and value");
  Members members(text);
  Record::Header header;
  LEAT_ASSIGN(header.name, members.required_text("name"));
  LEAT_ASSIGN(header.value, bytes_of(members, "value"));
  LEAT_TRY(members.finish("name, value, value_base64"));
  return header;
}

Result<std::vector<Record::Header>> headers_of(std::string_view text) {
  if (!is_array(text)) return invalid("headers is an array");
  std::vector<Record::Header> headers;
  LEAT_TRY(for_each_element(text, [&](std::string_view element) -> Result<void> {
    if (headers.size() == kHeadersPerRecordMax) {
      return invalid("headers are at most " + std::to_string(kHeadersPerRecordMax) + " a record");
    }
    LEAT_ASSIGN(auto header, header_of(element));
    headers.push_back(std::move(header));
    return ok();
  }));
  return headers;
}

Result<std::optional<TimestampMs>> timestamp_of(Members& members) {
  const auto found = members.find("timestamp");
  if (!found || *found == "null") return std::optional<TimestampMs>();
  const auto ms = is_string(*found) ? parse_timestamp(text_of(*found)) : integer_of(*found);
  if (ms && *ms >= 0) return std::optional<TimestampMs>(*ms);
  return invalid("timestamp is milliseconds since 1970, or an RFC 3339 time");
}

Result<Record> parse_record(std::string_view text) {
  if (!is_object(text)) return invalid("a record is an object");
  Members members(text);
  Record record;
  LEAT_ASSIGN(record.key, bytes_of(members, "key"));
  LEAT_ASSIGN(record.value, bytes_of(members, "value"));
  if (const auto embedded = members.find("value_json")) {
    if (record.value) return invalid("one of value, value_base64 and value_json");
    record.value = std::string(*embedded);
  }
  if (const auto headers = members.find("headers")) {
    LEAT_ASSIGN(record.headers, headers_of(*headers));
  }
  LEAT_ASSIGN(record.timestamp, timestamp_of(members));
  LEAT_ASSIGN(record.partition, partition_of(members));
  LEAT_TRY(members.finish("key, key_base64, value, value_base64, value_json, headers, timestamp, partition"));
  return record;
}

}  // namespace

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
  const std::size_t begin = text.find_first_not_of(" \t\r\n");
  if (begin == std::string_view::npos || !is_object(text.substr(begin)) || !cloudevents::is_json(text)) {
    return Refusal{0, Error(Errc::malformed_frame, "a message is one JSON object")};
  }
  std::uint32_t id = 0;
  auto message = parse_object(text, id, now_ms);
  if (message.has_error()) return Refusal{id, std::move(message).error()};
  return std::move(*message);
}

}  // namespace leat::server::json_message
