#include <unistd.h>

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include "client/tool/commands.hpp"
#include "client/tool/connection.hpp"
#include "client/tool/output.hpp"
#include "client/tool/text_table.hpp"

namespace leat::tool {
namespace {

namespace json = boost::json;

using Align = TextTable::Align;

std::uint64_t record_count(const PartitionInfo& partition) {
  return static_cast<std::uint64_t>(std::max<std::int64_t>(0, partition.high_watermark - partition.log_start_offset));
}

struct Totals {
  std::uint64_t records = 0;
  std::uint64_t bytes = 0;
};

Totals totals_of(const TopicInfo& topic) {
  Totals totals;
  for (const auto& partition : topic.partitions) {
    totals.records += record_count(partition);
    totals.bytes += static_cast<std::uint64_t>(std::max<std::int64_t>(0, partition.bytes));
  }
  return totals;
}

json::object to_json(const TopicInfo& topic) {
  json::array partitions;
  for (const auto& partition : topic.partitions) {
    partitions.push_back(json::object{{"partition", partition.partition.value()},
                                      {"log_start_offset", partition.log_start_offset.value()},
                                      {"high_watermark", partition.high_watermark.value()},
                                      {"bytes", partition.bytes}});
  }
  json::array settings;
  for (const auto& setting : topic.settings) {
    settings.push_back(json::object{{"key", setting.key}, {"value", setting.value}, {"is_default", setting.is_default}});
  }
  return {{"name", topic.name},
          {"id", topic.id.to_string()},
          {"partitions", std::move(partitions)},
          {"settings", std::move(settings)}};
}

void append_description(std::string& out, const TopicInfo& topic) {
  const auto totals = totals_of(topic);
  out += "name        " + topic.name + "\n";
  out += "id          " + topic.id.to_string() + "\n";
  out += "partitions  " + std::to_string(topic.partitions.size()) + "\n";
  out += "records     " + grouped(totals.records) + "\n";
  out += "size        " + readable_bytes(totals.bytes) + "\n\n";
  TextTable partitions({{"PARTITION", Align::right},
                        {"START", Align::right},
                        {"END", Align::right},
                        {"RECORDS", Align::right},
                        {"SIZE", Align::right}});
  for (const auto& partition : topic.partitions) {
    partitions.add_row({std::to_string(partition.partition.value()), std::to_string(partition.log_start_offset.value()),
                        std::to_string(partition.high_watermark.value()), grouped(record_count(partition)),
                        readable_bytes(static_cast<std::uint64_t>(std::max<std::int64_t>(0, partition.bytes)))});
  }
  partitions.append(out);
  out += '\n';
  TextTable settings({{"SETTING"}, {"VALUE"}, {"SOURCE"}});
  for (const auto& setting : topic.settings) {
    settings.add_row({setting.key, setting.value, setting.is_default ? "default" : "topic"});
  }
  settings.append(out);
}

/// What create and alter answer with: the topic in JSON, or a note for people.
Result<ExitCode> print_changed(const GlobalOptions& global, const TopicInfo& topic, std::string_view verb) {
  Output output(STDOUT_FILENO);
  if (global.output == OutputFormat::json) {
    output.buffer() += json::serialize(to_json(topic)) + "\n";
  } else if (!global.quiet) {
    output.buffer().append(verb).append(" topic ").append(topic.name).append(" with ");
    output.buffer() +=
        std::to_string(topic.partitions.size()) + (topic.partitions.size() == 1 ? " partition\n" : " partitions\n");
  }
  LEAT_TRY(output.flush());
  return ExitCode::done;
}

}  // namespace

Result<ExitCode> run(const GlobalOptions& global, const TopicCreate& command) {
  Client client(client_options(global, "leat topic create"));
  LEAT_TRY(client.connect());
  LEAT_ASSIGN(const auto topic, Admin(client).create_topic(command.spec));
  return print_changed(global, topic, "created");
}

Result<ExitCode> run(const GlobalOptions& global, const TopicAlter& command) {
  Client client(client_options(global, "leat topic alter"));
  LEAT_TRY(client.connect());
  LEAT_ASSIGN(const auto topic, Admin(client).alter_topic(command.spec));
  return print_changed(global, topic, "altered");
}

Result<ExitCode> run(const GlobalOptions& global, const TopicDelete& command) {
  Client client(client_options(global, "leat topic delete"));
  LEAT_TRY(client.connect());
  LEAT_TRY(Admin(client).delete_topic(command.name));
  Output output(STDOUT_FILENO);
  if (global.output == OutputFormat::json) {
    output.buffer() += json::serialize(json::object{{"name", command.name}, {"deleted", true}}) + "\n";
  } else if (!global.quiet) {
    output.buffer() += "deleted topic " + command.name + "\n";
  }
  LEAT_TRY(output.flush());
  return ExitCode::done;
}

Result<ExitCode> run(const GlobalOptions& global, const TopicList&) {
  Client client(client_options(global, "leat topic list"));
  LEAT_TRY(client.connect());
  LEAT_ASSIGN(auto topics, Admin(client).list_topics());
  std::sort(topics.begin(), topics.end(), [](const TopicInfo& a, const TopicInfo& b) { return a.name < b.name; });
  Output output(STDOUT_FILENO);
  TextTable table({{"NAME"}, {"PARTITIONS", Align::right}, {"RECORDS", Align::right}, {"SIZE", Align::right}});
  for (const auto& topic : topics) {
    if (global.output == OutputFormat::json) {
      output.buffer() += json::serialize(to_json(topic)) + "\n";
      LEAT_TRY(output.flush_when_full());
    } else {
      const auto totals = totals_of(topic);
      table.add_row({topic.name, std::to_string(topic.partitions.size()), grouped(totals.records), readable_bytes(totals.bytes)});
    }
  }
  if (global.output == OutputFormat::table) table.append(output.buffer());
  LEAT_TRY(output.flush());
  return ExitCode::done;
}

Result<ExitCode> run(const GlobalOptions& global, const TopicDescribe& command) {
  Client client(client_options(global, "leat topic describe"));
  LEAT_TRY(client.connect());
  LEAT_ASSIGN(const auto topic, Admin(client).describe_topic(command.name));
  Output output(STDOUT_FILENO);
  if (global.output == OutputFormat::json) {
    output.buffer() += json::serialize(to_json(topic)) + "\n";
  } else {
    append_description(output.buffer(), topic);
  }
  LEAT_TRY(output.flush());
  return ExitCode::done;
}

}  // namespace leat::tool
