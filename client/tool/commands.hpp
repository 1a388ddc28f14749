#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "client/tool/exit_code.hpp"
#include "client/tool/offset_range.hpp"
#include "client/tool/record_format.hpp"
#include "leat/admin.hpp"
#include "leat/record.hpp"

/// The commands of `leat` as plain values: what command_line makes and the run functions carry out.
namespace leat::tool {

enum class OutputFormat : std::uint8_t {
  table,
  json,
  cloudevents,  ///< of records only
};

/// What every command takes.
struct GlobalOptions {
  std::string server = "leat://127.0.0.1:7420";
  OutputFormat output = OutputFormat::table;
  bool quiet = false;  ///< only results and errors: no notes, no progress
};

struct TopicCreate {
  TopicSpec spec;
};
struct TopicList {};
struct TopicDescribe {
  std::string name;
};
struct TopicDelete {
  std::string name;
};
struct TopicAlter {
  TopicSpec spec;
};

struct TextHeader {
  std::string name;
  std::string value;
};

struct Pub {
  std::string topic;
  std::vector<std::string> messages;  ///< none: standard input
  std::optional<std::string> key;
  std::vector<TextHeader> headers;
  std::optional<PartitionId> partition;
  std::string key_delimiter;  ///< empty: lines have no key
  bool timestamp_prefix = false;
  bool create_topic = true;  ///< when it is missing
  Codec codec = Codec::none;
  AckLevel ack = AckLevel::durable;
  bool by_http = false;  ///< by POST, each record a request, rather than by the SDK
};

struct Sub {
  std::vector<std::string> topics;
  OffsetRange range;
  std::optional<PartitionId> partition;
  std::optional<std::uint64_t> count;
  bool exit_at_end = false;
  std::optional<RecordTemplate> format;  ///< wins over the output format
};

enum class BenchKind : std::uint8_t { pub, sub, e2e, fan };

struct Bench {
  BenchKind kind = BenchKind::pub;
  std::string topic;
  std::uint64_t records = 0;
  std::uint64_t warmup_records = 0;  ///< before the measured ones, not counted
  std::size_t size_bytes = 1024;     ///< of a value
  std::uint32_t producers = 1;
  std::uint64_t in_flight = 5000;  ///< unacknowledged records of one producer, without a rate
  std::optional<double> rate;      ///< records a second, over all producers; fan: 0 publishes nothing
  bool spread = false;             ///< pub: each record goes to the partition behind the last one's
  std::uint32_t subscribers = 0;   ///< of a fan
  double seconds = 0;              ///< that a fan takes
  AckLevel ack = AckLevel::durable;
  Codec codec = Codec::none;
};

using Command = std::variant<TopicCreate, TopicList, TopicDescribe, TopicDelete, TopicAlter, Pub, Sub, Bench>;

/// Each connects, does the command, prints its result on standard output and returns the exit code; an error is for the caller to
/// report. They block, and are called from the main thread, once a process.
Result<ExitCode> run(const GlobalOptions& global, const TopicCreate& command);
Result<ExitCode> run(const GlobalOptions& global, const TopicList& command);
Result<ExitCode> run(const GlobalOptions& global, const TopicDescribe& command);
Result<ExitCode> run(const GlobalOptions& global, const TopicDelete& command);
Result<ExitCode> run(const GlobalOptions& global, const TopicAlter& command);
Result<ExitCode> run(const GlobalOptions& global, const Pub& command);
Result<ExitCode> run(const GlobalOptions& global, const Sub& command);
Result<ExitCode> run(const GlobalOptions& global, const Bench& command);

}  // namespace leat::tool
