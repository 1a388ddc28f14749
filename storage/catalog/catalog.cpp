#include "storage/catalog/catalog.hpp"

#include <boost/json.hpp>
#include <charconv>

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

json::object to_json(const CatalogTopic& topic) {
  json::array logs;
  for (const LogId log : topic.logs) logs.emplace_back(log.value());
  json::object settings;
  for (const auto& [key, value] : topic.settings) settings.emplace(key, value);
  return {{"name", topic.name},
          {"id", topic.id.to_string()},
          {"created_ms", topic.created_ms},
          {"logs", logs},
          {"settings", settings}};
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
  json::array topics;
  for (const auto& [name, topic] : catalog.topics) topics.push_back(to_json(topic));
  json::array deleted;
  for (const TopicId& id : catalog.deleted) deleted.emplace_back(id.to_string());
  const json::object object{{"format", kFormat},
                            {"broker_id", catalog.broker_id.to_string()},
                            {"next_log", catalog.next_log.value()},
                            {"next_producer", catalog.next_producer.value()},
                            {"topics", topics},
                            {"deleted", deleted}};
  std::string text = json::serialize(object);
  text.push_back('\n');
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
