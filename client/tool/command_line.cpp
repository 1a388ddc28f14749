#include "client/tool/command_line.hpp"

#include <algorithm>
#include <functional>
#include <limits>
#include <string_view>
#include <utility>

#include "client/src/endpoint.hpp"
#include "client/tool/cli_app.hpp"
#include "client/tool/command_values.hpp"
#include "client/tool/escapes.hpp"
#include "client/tool/help_text.hpp"
#include "client/tool/http_publisher.hpp"
#include "client/tool/stamp.hpp"

namespace leat::tool {
namespace {

constexpr std::int32_t kIntMax = std::numeric_limits<std::int32_t>::max();
/// Unless told otherwise: as little under way as keeps the subscribers busy.
constexpr std::uint64_t kFanInFlight = 200;
constexpr std::uint64_t kFanWarmup = 10;
constexpr std::uint64_t kCountMax = std::numeric_limits<std::int64_t>::max();

/// CLI::Range lets "nan" through, as it is neither below nor above.
CLI::Validator is_number() {
  return {[](const std::string& text) { return text.find_first_of("nN") == std::string::npos ? "" : "not a number: " + text; },
          ""};
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
  bool by_http = false;
  bool by_web_socket = false;
  bool spread = false;
  std::uint32_t subscribers = 100;
  double seconds = 10;
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
    root_.add_option("--server", global_.server, "Broker, leat://HOST[:PORT] or ws://HOST[:PORT][/PATH]")
        ->envname("LEAT_SERVER")
        ->capture_default_str();
    root_.add_option("-o,--output", flags_.output, "Form of the results: table or json; of records also cloudevents")
        ->envname("LEAT_OUTPUT")
        ->check(CLI::IsMember({"table", "json", "cloudevents"}))
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
    if (flags_.output == "cloudevents" && !std::holds_alternative<Sub>(*command)) {
      return refusal("-o cloudevents is for leat sub, which prints records");
    }
    global_.output = flags_.output == "json"          ? OutputFormat::json
                     : flags_.output == "cloudevents" ? OutputFormat::cloudevents
                                                      : OutputFormat::table;
    if (flags_.by_web_socket) global_.server = web_socket_url(*endpoint);
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
    pub.add_flag("--http", flags_.by_http, "By HTTP: one POST a record (see below)");
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
    pub.by_http = flags_.by_http;
    if (pub.by_http) LEAT_TRY(refuse_what_http_cannot(pub));
    return pub;
  }

  Result<void> refuse_what_http_cannot(const Pub& pub) const {
    if (pub.timestamp_prefix)
      return usage_error("--timestamp-prefix does not go with --http: a request cannot say a record's time");
    if (pub.codec != Codec::none) return usage_error("-z does not go with --http");
    for (const auto& header : pub.headers) {
      if (is_http_header(header.name, header.value)) continue;
      return usage_error("-H " + header.name +
                         " does not go with --http, which takes content-type and the ce_NAME of a CloudEvent");
    }
    return ok();
  }

  void add_sub() {
    auto& sub = add_leaf(root_, "sub", "TOPIC[,TOPIC...] [OFFSETS]", help::kSub, help::kSubFooter,
                         [this](const Positionals& positionals) { return build_sub(positionals); });
    sub.add_option("-p,--partition", flags_.partition, "Only this partition")->check(CLI::Range(0, kIntMax));
    sub.add_option("-n,--count", flags_.count, "Stop after this many records")->check(CLI::Range(std::uint64_t{1}, kCountMax));
    sub.add_flag("-e,--exit", flags_.exit_at_end, "Stop at the end as it was when the command began");
    sub.add_flag("--ws", flags_.by_web_socket,
                 "By WebSocket: ws:// at the host of --server, port 7421 unless that is a ws:// URL");
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
    auto& bench = add_leaf(root_, "bench", "pub|sub|e2e|fan TOPIC", help::kBench, help::kBenchFooter,
                           [this](const Positionals& positionals) { return build_bench(positionals); });
    bench.add_option("--records", flags_.records, "Records to measure; default 1,000,000, e2e 100,000")
        ->check(CLI::Range(std::uint64_t{1}, kCountMax));
    bench.add_option("--warmup", flags_.warmup, "Records that do not count")->check(CLI::Range(std::uint64_t{0}, kCountMax));
    bench.add_option("--size", flags_.size_bytes, "Bytes of a value")->check(CLI::Range(1, 64 << 20))->capture_default_str();
    bench.add_option("--producers", flags_.producers, "Connections that publish")
        ->check(CLI::Range(1, 256))
        ->capture_default_str();
    bench.add_option("--in-flight", flags_.in_flight, "Most unacknowledged records of a producer, without --rate")
        ->check(CLI::Range(1, 100'000'000))
        ->capture_default_str();
    bench.add_option("--rate", flags_.rate, "Records a second, over all producers")
        ->check(CLI::Range(0.0, 1e9))
        ->check(is_number());
    bench.add_flag("--spread", flags_.spread, "pub: each record to the next partition, not a batch at a time");
    bench.add_option("--subscribers", flags_.subscribers, "fan: subscribers, each on its own connection")
        ->check(CLI::Range(1, 1'000'000))
        ->capture_default_str();
    bench.add_option("--seconds", flags_.seconds, "fan: how long")
        ->check(CLI::Range(0.001, 1e6))
        ->check(is_number())
        ->capture_default_str();
    add_publishing_flags(bench);
  }

  Result<Command> build_bench(const Positionals& positionals) {
    LEAT_TRY(expect_count(positionals, 2, 2, "pub|sub|e2e|fan TOPIC"));
    static const std::map<std::string, BenchKind> kKinds{
        {"pub", BenchKind::pub}, {"sub", BenchKind::sub}, {"e2e", BenchKind::e2e}, {"fan", BenchKind::fan}};
    const auto kind = kKinds.find(positionals[0]);
    if (kind == kKinds.end()) return usage_error("\"" + positionals[0] + "\" is no bench: expected pub, sub, e2e or fan");
    LEAT_ASSIGN(auto topic, topic_name(positionals[1]));
    Bench bench{.kind = kind->second, .topic = std::move(topic)};
    LEAT_TRY(refuse_unfit_flags(bench.kind));
    const bool is_fan = bench.kind == BenchKind::fan;
    const bool is_e2e = bench.kind == BenchKind::e2e;
    bench.records = given("--records") ? flags_.records : is_e2e ? 100'000 : 1'000'000;
    bench.warmup_records = std::min<std::uint64_t>(bench.records / 10, 10'000);
    if (given("--warmup") || bench.kind == BenchKind::sub) bench.warmup_records = flags_.warmup;
    if (bench.warmup_records > kCountMax - bench.records) return usage_error("--records and --warmup are too many");
    bench.size_bytes = flags_.size_bytes;
    bench.producers = flags_.producers;
    bench.in_flight = is_fan && !given("--in-flight") ? kFanInFlight : flags_.in_flight;
    bench.spread = flags_.spread;
    bench.subscribers = is_fan ? flags_.subscribers : 0;
    bench.seconds = is_fan ? flags_.seconds : 0;
    if (is_fan && !given("--warmup")) bench.warmup_records = kFanWarmup;
    if (given("--rate")) bench.rate = flags_.rate;
    if (is_e2e && !bench.rate) bench.rate = 10'000;
    bench.ack = ack_named(flags_.ack);
    bench.codec = *record::codec_named(flags_.codec);
    return bench;
  }

  Result<void> refuse_unfit_flags(BenchKind kind) const {
    static const std::map<BenchKind, std::vector<const char*>> kUnfit{
        {BenchKind::pub, {"--subscribers", "--seconds"}},
        {BenchKind::sub,
         {"--warmup", "--size", "--producers", "--in-flight", "--rate", "--ack", "--compress", "--spread", "--subscribers",
          "--seconds"}},
        {BenchKind::e2e, {"--producers", "--in-flight", "--spread", "--subscribers", "--seconds"}},
        {BenchKind::fan, {"--records", "--producers", "--spread"}}};
    for (const char* flag : kUnfit.at(kind)) {
      if (given(flag)) return usage_error(std::string(flag) + " has no meaning for this bench");
    }
    const bool is_stamped = kind == BenchKind::e2e || kind == BenchKind::fan;
    if (is_stamped && flags_.size_bytes < Stamp::kBytes) {
      return usage_error("--size has to be at least 16 here: the value carries the time");
    }
    if (given("--rate") && flags_.rate == 0 && kind != BenchKind::fan)
      return usage_error("--rate 0 publishes nothing: for fan only");
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
