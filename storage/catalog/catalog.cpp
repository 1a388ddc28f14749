#include "storage/catalog/catalog.hpp"

#include <boost/json.hpp>
#include <charconv>
#include <utility>

#include "protocol/base/crc32c.hpp"

namespace leat::storage {
namespace {

namespace json = boost::json;

constexpr std::int64_t kFormat = 1;
constexpr std::size_t kBytesMax = 256U << 20;
constexpr std::string_view kChecksumLabel = "crc32c ";

std::string hex(std::uint32_t value) {
  char digits[9];
  const auto end = std::to_chars(digits, digits + sizeof digits, value, 16).ptr;
  std::string text(digits, end);
  return text.insert(0, 8 - text.size(), '0');
}

std::string quoted(const std::string& text) { return json::serialize(json::string_view(text)); }

/// The elements as `append` writes them, commas between them.
template <class Elements, class Append>
void append_list(std::string& text, const Elements& elements, Append append) {
  const char* separator = "";
  for (const auto& element : elements) {
    text.append(std::exchange(separator, ","));
    append(element);
  }
}

/// Written out and not built as a json::object first: every change writes all topics, and that would be most of its time.
void append_topic(std::string& text, const CatalogTopic& topic) {
  text.append(R"({"name":)").append(quoted(topic.name));
  text.append(R"(,"id":")").append(topic.id.to_string());
  text.append(R"(","created_ms":)").append(std::to_string(topic.created_ms)).append(R"(,"logs":[)");
  append_list(text, topic.logs, [&](LogId log) { text.append(std::to_string(log.value())); });
  text.append(R"(],"settings":{)");
  append_list(text, topic.settings,
              [&](const auto& setting) { text.append(quoted(setting.first)).append(1, ':').append(quoted(setting.second)); });
  text.append("}}");
}

Uuid uuid_from(const json::value& value) {
  const auto id = Uuid::parse(std::string_view(value.as_string()));
  if (!id) throw std::invalid_argument("not a UUID: " + std::string(value.as_string()));
  return *id;
}

CatalogTopic topic_from(const json::object& object) {
  CatalogTopic topic;
  topic.name = object.at("name").as_string();
  topic.id = uuid_from(object.at("id"));
  topic.created_ms = object.at("created_ms").to_number<std::int64_t>();
  for (const json::value& log : object.at("logs").as_array()) topic.logs.emplace_back(log.to_number<std::uint64_t>());
  for (const auto& [key, value] : object.at("settings").as_object()) {
    topic.settings.emplace(std::string(key), std::string(value.as_string()));
  }
  return topic;
}

Catalog catalog_from(const json::object& object) {
  Catalog catalog;
  catalog.broker_id = uuid_from(object.at("broker_id"));
  catalog.next_log = LogId(object.at("next_log").to_number<std::uint64_t>());
  catalog.next_producer = ProducerId(object.at("next_producer").to_number<std::int64_t>());
  for (const json::value& value : object.at("topics").as_array()) {
    CatalogTopic topic = topic_from(value.as_object());
    catalog.topics.emplace(topic.name, topic);
  }
  for (const json::value& id : object.at("deleted").as_array()) catalog.deleted.push_back(uuid_from(id));
  return catalog;
}

}  // namespace

Result<void> save_catalog(FileSystem& fs, const Path& path, const Catalog& catalog) {
  std::string text = R"({"format":)" + std::to_string(kFormat);
  text.append(R"(,"broker_id":")").append(catalog.broker_id.to_string());
  text.append(R"(","next_log":)").append(std::to_string(catalog.next_log.value()));
  text.append(R"(,"next_producer":)").append(std::to_string(catalog.next_producer.value()));
  text.append(R"(,"topics":[)");
  append_list(text, catalog.topics, [&](const auto& topic) { append_topic(text, topic.second); });
  text.append(R"(],"deleted":[)");
  append_list(text, catalog.deleted, [&](const TopicId& id) { text.append(1, '"').append(id.to_string()).append(1, '"'); });
  text.append("]}\n");
  const std::uint32_t crc = crc32c(as_bytes(text));
  text.append(kChecksumLabel).append(hex(crc)).push_back('\n');
  return replace_file(fs, path, as_bytes(text));
}

Result<Catalog> load_catalog(FileSystem& fs, const Path& path) {
  LEAT_ASSIGN(const auto bytes, read_file(fs, path, kBytesMax));
  const std::string_view text = as_text(bytes);
  const auto damaged = [&](const std::string& what) { return Error(Errc::corruption, path.string() + ": " + what); };
  const std::size_t end = text.find('\n');
  if (end == std::string_view::npos) return damaged("no checksum line");
  const std::string_view body = text.substr(0, end + 1);
  if (text.substr(end + 1) != std::string(kChecksumLabel) + hex(crc32c(as_bytes(body))) + "\n") return damaged("checksum");
  try {
    const json::value value = json::parse(json::string_view(body.data(), body.size()));
    const auto format = value.as_object().at("format").to_number<std::int64_t>();
    if (format != kFormat) {
      return Error(Errc::unsupported_format,
                   path.string() + ": format " + std::to_string(format) + ", this leatd reads " + std::to_string(kFormat));
    }
    return catalog_from(value.as_object());
  } catch (const std::exception& error) {
    return damaged(error.what());
  }
}

}  // namespace leat::storage
