#include "client/tool/command_line.hpp"

#include <algorithm>
#include <functional>
#include <limits>
#include <string_view>
#include <utility>

#include "client/src/endpoint.hpp"
#include "client/tool/cli_app.hpp"
#include "client/tool/escapes.hpp"
#include "client/tool/help_text.hpp"

namespace leat::tool {
namespace {

using Positionals = std::vector<std::string>;

constexpr std::int32_t kIntMax = std::numeric_limits<std::int32_t>::max();
constexpr std::uint64_t kCountMax = std::numeric_limits<std::int64_t>::max();

Error usage_error(std::string text) { return Error(Errc::invalid_argument, std::move(text)); }

Result<void> expect_count(const Positionals& given, std::size_t min, std::size_t max, std::string_view names) {
  if (given.size() < min) return usage_error("missing argument: expected " + std::string(names));
  if (given.size() > max) return usage_error("unexpected argument \"" + given[max] + "\": expected " + std::string(names));
  return ok();
}

Result<std::string> topic_name(const std::string& given) {
  if (given.empty()) return usage_error("the topic's name is empty");
  return given;
}

/// "a,b" as its names, each once.
Result<std::vector<std::string>> topic_names(const std::string& given) {
  std::vector<std::string> names;
  for (std::size_t at = 0; at <= given.size();) {
    const std::size_t comma = std::min(given.find(',', at), given.size());
    std::string name = given.substr(at, comma - at);
    if (name.empty()) return usage_error("an empty topic name in \"" + given + "\"");
    if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(std::move(name));
    at = comma + 1;
  }
  return names;
}

/// "name=value", for -c and -H.
Result<std::pair<std::string, std::string>> split_assignment(const std::string& text, std::string_view flag) {
  const auto at = text.find('=');
  if (at == std::string::npos || at == 0) return usage_error(std::string(flag) + " " + text + ": expected name=value");
  return std::pair(text.substr(0, at), text.substr(at + 1));
}

AckLevel ack_named(std::string_view name) {
  if (name == "none") return AckLevel::none;
  return name == "written" ? AckLevel::written : AckLevel::durable;
}

/// What the flags of all commands are read into; one object serves them all, as one command runs.
struct Flags {
  std::string output = "table";
  std::int32_t partitions = 0;
  std::vector<std::string> settings;
  std::string key;
  std::vector<std::string> headers;
  std::int32_t partition = 0;
  std::string key_delimiter;
  bool timestamp_prefix = false;
  bool no_create = false;
  std::string codec = "none";
  std::string ack = "durable";
  std::uint64_t count = 0;
  bool exit_at_end = false;
  std::string format;
  std::uint64_t records = 0;
  std::uint64_t warmup = 0;
  std::uint64_t size_bytes = 1024;
  std::uint32_t producers = 1;
  std::uint64_t in_flight = 5000;
  double rate = 0;
};

/// The command tree. Lives for one parse.
class Parser {
 public:
  explicit Parser(TimestampMs now_ms) : now_ms_(now_ms) {
    root_.formatter(formatter_);
    root_.footer(help::kRootFooter);
    root_.set_version_flag("--version", "leat " LEAT_VERSION);
    root_.allow_extras();
    root_.require_subcommand(1);
    formatter_->set_usage(&root_, "COMMAND");
    root_.add_option("--server", global_.server, "Broker, leat://HOST[:PORT]")->envname("LEAT_SERVER")->capture_default_str();
    root_.add_option("-o,--output", flags_.output, "Form of the results: table or json")
        ->envname("LEAT_OUTPUT")
        ->check(CLI::IsMember({"table", "json"}))
        ->capture_default_str();
    root_.add_flag("-q,--quiet", global_.quiet, "Only results and errors, no notes and no progress");
    add_topic();
    add_pub();
    add_sub();
    add_bench();
  }

  std::variant<CommandLine, EarlyExit> parse(const std::vector<std::string>& arguments) {
    // What follows "--" is positional whatever it looks like, so CLI11 does not get to see it.
    const auto dashes = std::find(arguments.begin(), arguments.end(), "--");
    std::vector<std::string> reversed(std::make_reverse_iterator(dashes), arguments.rend());
    try {
      root_.parse(reversed);
    } catch (const CLI::CallForHelp&) {
      return EarlyExit{ExitCode::done, root_.help()};
    } catch (const CLI::CallForVersion&) {
      return EarlyExit{ExitCode::done, root_.version() + "\n"};
    } catch (const CLI::RequiredError&) {
      return no_command();
    } catch (const CLI::ParseError& error) {
      return refusal(error.what());
    }
    auto positionals = collect_positionals();
    if (positionals.has_error()) return refusal(positionals.error().context);
    if (dashes != arguments.end()) positionals->insert(positionals->end(), std::next(dashes), arguments.end());
    return build(*positionals);
  }

 private:
  using Builder = std::function<Result<Command>(const Positionals&)>;
  struct Leaf {
    CLI::App* command;
    Builder build;
  };

  CLI::App& add_leaf(CLI::App& parent, const char* name, const char* positionals, const char* description, const char* footer,
                     Builder build) {
    CLI::App* command = parent.add_subcommand(name, description);
    command->fallthrough();
    command->footer(footer);
    formatter_->set_usage(command, positionals);
    leaves_.push_back({command, std::move(build)});
    return *command;
  }

  [[nodiscard]] const Leaf* chosen() const {
    for (const auto& leaf : leaves_) {
      if (leaf.command->parsed()) return &leaf;
    }
    return nullptr;
  }

  [[nodiscard]] EarlyExit refusal(std::string_view text) const {
    std::string path = "leat";
    for (const CLI::App* at = &root_; !at->get_subcommands().empty();) {
      at = at->get_subcommands().front();
      path += " " + at->get_name();
    }
    return {ExitCode::usage, error_line(std::string(text) + " (see " + path + " --help)") + "\n"};
  }

  [[nodiscard]] EarlyExit no_command() const {
    for (const auto& [is_option, text] : root_.leftovers()) {
      if (!is_option) return refusal("there is no command " + text);
    }
    return refusal("a command is missing");
  }

  [[nodiscard]] Result<Positionals> collect_positionals() const {
    Positionals given;
    for (const auto& [is_option, text] : root_.leftovers()) {
      // A dash and a digit is no option to CLI11: "-10" arrives as a positional.
      if (is_option) {
        return usage_error("unknown option " + text + "; arguments that begin with a dash come after --");
      }
      given.push_back(text);
    }
    return given;
  }

  std::variant<CommandLine, EarlyExit> build(const Positionals& positionals) {
    const Leaf* leaf = chosen();
    if (leaf == nullptr) return no_command();
    const auto endpoint = client::parse_endpoint(global_.server);
    if (endpoint.has_error()) return refusal(endpoint.error().context);
    auto command = leaf->build(positionals);
    if (command.has_error()) return refusal(command.error().context);
    global_.output = flags_.output == "json" ? OutputFormat::json : OutputFormat::table;
    return CommandLine{global_, std::move(*command)};
  }

  bool given(const char* option) const { return chosen()->command->get_option(option)->count() > 0; }

  Result<TopicSpec> topic_spec(const Positionals& positionals) const {
    LEAT_TRY(expect_count(positionals, 1, 1, "NAME"));
    LEAT_ASSIGN(auto name, topic_name(positionals[0]));
    TopicSpec spec{.name = std::move(name), .partitions = flags_.partitions, .settings = {}};
    for (const auto& text : flags_.settings) {
      LEAT_ASSIGN(auto setting, split_assignment(text, "-c"));
      spec.settings.push_back({.key = std::move(setting.first), .value = std::move(setting.second)});
    }
    return spec;
  }

  void add_topic_flags(CLI::App& command) {
    command.add_option("--partitions", flags_.partitions, "Number of partitions")->check(CLI::Range(1, kIntMax));
    command.add_option("-c,--config", flags_.settings, "Setting key=value, repeatable")->allow_extra_args(false);
  }

  void add_topic() {
    CLI::App* topic = root_.add_subcommand("topic", "Create, list, describe, alter and delete topics");
    topic->require_subcommand(1);
    topic->fallthrough();
    formatter_->set_usage(topic, "COMMAND");
    add_topic_flags(add_leaf(*topic, "create", "NAME", help::kTopicCreate, help::kTopicCreateFooter,
                             [this](const Positionals& given_names) -> Result<Command> {
                               LEAT_ASSIGN(auto spec, topic_spec(given_names));
                               return TopicCreate{std::move(spec)};
                             }));
    add_leaf(*topic, "list", "", help::kTopicList, help::kTopicListFooter, [](const Positionals& names) -> Result<Command> {
      LEAT_TRY(expect_count(names, 0, 0, "none"));
      return TopicList{};
    });
    add_leaf(*topic, "describe", "NAME", help::kTopicDescribe, help::kTopicDescribeFooter,
             [](const Positionals& names) -> Result<Command> {
               LEAT_TRY(expect_count(names, 1, 1, "NAME"));
               LEAT_ASSIGN(auto name, topic_name(names[0]));
               return TopicDescribe{std::move(name)};
             });
    add_leaf(*topic, "delete", "NAME", help::kTopicDelete, help::kTopicDeleteFooter,
             [](const Positionals& names) -> Result<Command> {
               LEAT_TRY(expect_count(names, 1, 1, "NAME"));
               LEAT_ASSIGN(auto name, topic_name(names[0]));
               return TopicDelete{std::move(name)};
             });
    add_topic_flags(add_leaf(*topic, "alter", "NAME", help::kTopicAlter, help::kTopicAlterFooter,
                             [this](const Positionals& given_names) -> Result<Command> {
                               LEAT_ASSIGN(auto spec, topic_spec(given_names));
                               if (spec.partitions == 0 && spec.settings.empty()) {
                                 return usage_error("nothing to alter: give --partitions or -c key=value");
                               }
                               return TopicAlter{std::move(spec)};
                             }));
  }

  void add_publishing_flags(CLI::App& command) {
    command.add_option("--ack", flags_.ack, "Wait until records are durable, written (survive the daemon) or none of these")
        ->check(CLI::IsMember({"durable", "written", "none"}))
        ->capture_default_str();
    command.add_option("-z,--compress", flags_.codec, "none, gzip, snappy, lz4 or zstd")
        ->check(CLI::IsMember({"none", "gzip", "snappy", "lz4", "zstd"}))
        ->capture_default_str();
  }

  void add_pub() {
    auto& pub = add_leaf(root_, "pub", "TOPIC [MESSAGE]...", help::kPub, help::kPubFooter,
                         [this](const Positionals& positionals) { return build_pub(positionals); });
    pub.add_option("-k,--key", flags_.key, "Key of every record");
    pub.add_option("-H,--header", flags_.headers, "Header name=value of every record, repeatable")->allow_extra_args(false);
    pub.add_option("-p,--partition", flags_.partition, "Partition of every record")->check(CLI::Range(0, kIntMax));
    pub.add_option("-K,--key-delimiter", flags_.key_delimiter, "Splits key from value, at its first place in a line; takes \\t");
    pub.add_flag("--timestamp-prefix", flags_.timestamp_prefix, "Lines begin with their time (see below)");
    pub.add_flag("--no-create", flags_.no_create, "Refuse a topic that does not exist");
    add_publishing_flags(pub);
  }

  Result<Command> build_pub(const Positionals& positionals) {
    LEAT_TRY(expect_count(positionals, 1, positionals.size() + 1, "TOPIC [MESSAGE]..."));
    if (given("--key") && given("--key-delimiter")) return usage_error("-k and -K exclude each other");
    LEAT_ASSIGN(auto topic, topic_name(positionals[0]));
    Pub pub{.topic = std::move(topic), .messages = {positionals.begin() + 1, positionals.end()}};
    if (given("--key")) pub.key = flags_.key;
    for (const auto& text : flags_.headers) {
      LEAT_ASSIGN(auto header, split_assignment(text, "-H"));
      pub.headers.push_back({std::move(header.first), std::move(header.second)});
    }
    if (given("--partition")) pub.partition = PartitionId(flags_.partition);
    LEAT_ASSIGN(pub.key_delimiter, unescape(flags_.key_delimiter));
    if (given("--key-delimiter") && pub.key_delimiter.empty()) return usage_error("the delimiter of -K is empty");
    pub.timestamp_prefix = flags_.timestamp_prefix;
    pub.create_topic = !flags_.no_create;
    pub.codec = *record::codec_named(flags_.codec);
    pub.ack = ack_named(flags_.ack);
    return pub;
  }

  void add_sub() {
    auto& sub = add_leaf(root_, "sub", "TOPIC[,TOPIC...] [OFFSETS]", help::kSub, help::kSubFooter,
                         [this](const Positionals& positionals) { return build_sub(positionals); });
    sub.add_option("-p,--partition", flags_.partition, "Only this partition")->check(CLI::Range(0, kIntMax));
    sub.add_option("-n,--count", flags_.count, "Stop after this many records")->check(CLI::Range(std::uint64_t{1}, kCountMax));
    sub.add_flag("-e,--exit", flags_.exit_at_end, "Stop at the end as it was when the command began");
    sub.add_option("-f,--format", flags_.format, "Template of a record's text (see below); wins over -o");
  }

  Result<Command> build_sub(const Positionals& positionals) {
    LEAT_TRY(expect_count(positionals, 1, 2, "TOPIC[,TOPIC...] [OFFSETS]"));
    Sub sub;
    LEAT_ASSIGN(sub.topics, topic_names(positionals[0]));
    LEAT_ASSIGN(sub.range, parse_offset_range(positionals.size() > 1 ? positionals[1] : "end", now_ms_));
    if (given("--partition")) sub.partition = PartitionId(flags_.partition);
    if (given("--count")) sub.count = flags_.count;
    sub.exit_at_end = flags_.exit_at_end;
    if (given("--format")) {
      LEAT_ASSIGN(sub.format, RecordTemplate::parse(flags_.format));
    }
    return sub;
  }

  void add_bench() {
    auto& bench = add_leaf(root_, "bench", "pub|sub|e2e TOPIC", help::kBench, help::kBenchFooter,
                           [this](const Positionals& positionals) { return build_bench(positionals); });
    bench.add_option("--records", flags_.records, "Records to measure; default 1,000,000, e2e 100,000")
        ->check(CLI::Range(std::uint64_t{1}, kCountMax));
    bench.add_option("--warmup", flags_.warmup, "Records before them that do not count");
    bench.add_option("--size", flags_.size_bytes, "Bytes of a value")->check(CLI::Range(1, 64 << 20))->capture_default_str();
    bench.add_option("--producers", flags_.producers, "Connections that publish")
        ->check(CLI::Range(1, 256))
        ->capture_default_str();
    bench.add_option("--in-flight", flags_.in_flight, "Most unacknowledged records of a producer, without --rate")
        ->check(CLI::Range(1, 100'000'000))
        ->capture_default_str();
    bench.add_option("--rate", flags_.rate, "Records a second, over all producers")->check(CLI::Range(0.001, 1e9));
    add_publishing_flags(bench);
  }

  Result<Command> build_bench(const Positionals& positionals) {
    LEAT_TRY(expect_count(positionals, 2, 2, "pub|sub|e2e TOPIC"));
    static const std::map<std::string, BenchKind> kKinds{
        {"pub", BenchKind::pub}, {"sub", BenchKind::sub}, {"e2e", BenchKind::e2e}};
    const auto kind = kKinds.find(positionals[0]);
    if (kind == kKinds.end()) return usage_error("\"" + positionals[0] + "\" is no bench: expected pub, sub or e2e");
    LEAT_ASSIGN(auto topic, topic_name(positionals[1]));
    Bench bench{.kind = kind->second, .topic = std::move(topic)};
    LEAT_TRY(refuse_unfit_flags(bench.kind));
    const bool is_e2e = bench.kind == BenchKind::e2e;
    bench.records = given("--records") ? flags_.records : is_e2e ? 100'000 : 1'000'000;
    bench.warmup_records = std::min<std::uint64_t>(bench.records / 10, 10'000);
    if (given("--warmup") || bench.kind == BenchKind::sub) bench.warmup_records = flags_.warmup;
    bench.size_bytes = flags_.size_bytes;
    bench.producers = flags_.producers;
    bench.in_flight = flags_.in_flight;
    if (given("--rate")) bench.rate = flags_.rate;
    if (is_e2e && !bench.rate) bench.rate = 10'000;
    bench.ack = ack_named(flags_.ack);
    bench.codec = *record::codec_named(flags_.codec);
    return bench;
  }

  Result<void> refuse_unfit_flags(BenchKind kind) const {
    std::vector<const char*> unfit;
    if (kind == BenchKind::sub) {
      unfit = {"--warmup", "--size", "--producers", "--in-flight", "--rate", "--ack", "--compress"};
    } else if (kind == BenchKind::e2e) {
      unfit = {"--producers", "--in-flight"};
      if (flags_.size_bytes < 16) return usage_error("e2e needs a --size of at least 16: the value carries the time");
    }
    for (const char* flag : unfit) {
      if (given(flag)) return usage_error(std::string(flag) + " has no meaning for this bench");
    }
    return ok();
  }

  TimestampMs now_ms_;
  GlobalOptions global_;
  Flags flags_;
  std::shared_ptr<UsageFormatter> formatter_ = std::make_shared<UsageFormatter>();
  OptionsApp root_{help::kRoot, "leat"};
  std::vector<Leaf> leaves_;
};

}  // namespace

std::variant<CommandLine, EarlyExit> parse_command_line(const std::vector<std::string>& arguments, TimestampMs now_ms) {
  return Parser(now_ms).parse(arguments);
}

}  // namespace leat::tool
