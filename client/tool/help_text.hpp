#pragma once

/// The long texts of --help.
namespace leat::tool::help {

inline constexpr const char* kRoot = "Publishes to and subscribes from a leat broker. leatd is the daemon; start it with: leatd";

inline constexpr const char* kRootFooter =
    R"(Every command has its own help: leat COMMAND --help.
A flag wins over the environment (LEAT_SERVER, LEAT_OUTPUT), which wins over the default.
--server takes ws://HOST[:PORT][/PATH] as well, for networks that let nothing but HTTP through: port 7421, path /v1/ws unless given.
Results go to standard output, notes and progress to standard error. With -o json a result is one JSON object a line.
A reader of the output that has had enough, as in leat sub orders start | head, is no error: the command ends with 0.

Exit codes:
  0  done
  1  refused or failed by the broker, or by a file or pipe on this side
  2  usage: the command line was not understood, nothing was sent
  3  cannot connect, connection lost for good, or timed out

Examples:
  leat pub orders '{"id":1}' -k 1
  leat sub orders start -f '%k %v\n'
  leat topic list -o json)";

inline constexpr const char* kTopicCreate = "Create a topic. Settings that are not given take the broker's defaults.";
inline constexpr const char* kTopicCreateFooter = R"(Examples:
  leat topic create orders
  leat topic create orders --partitions 8 -c retention.ms=7d -c max.message.bytes=4MiB)";

inline constexpr const char* kTopicList = "List the topics with their partitions, records and bytes.";
inline constexpr const char* kTopicListFooter = R"(Examples:
  leat topic list
  leat topic list -o json)";

inline constexpr const char* kTopicDescribe = "Show a topic: its partitions with their offsets, and its settings.";
inline constexpr const char* kTopicDescribeFooter = R"(Examples:
  leat topic describe orders
  leat topic describe orders -o json)";

inline constexpr const char* kTopicDelete = "Delete a topic and its records, for good and without asking.";
inline constexpr const char* kTopicDeleteFooter = R"(Example:
  leat topic delete orders)";

inline constexpr const char* kTopicAlter = "Change a topic's settings, or give it more partitions.";
inline constexpr const char* kTopicAlterFooter = R"(More partitions move keys: records of a key may then be in two partitions.

Examples:
  leat topic alter orders -c retention.ms=1h
  leat topic alter orders --partitions 16)";

inline constexpr const char* kPub =
    "Publish each MESSAGE, or one record a line of standard input. A missing topic is created with the broker's defaults.";
inline constexpr const char* kPubFooter =
    R"(A line's end is \n alone and is no part of the value; a last line without it counts, and an empty line is an empty value.
With --timestamp-prefix each line (or MESSAGE) begins with the record's own time, then the delimiter: the one of -K, or a tab
without -K. Times: "2026-01-01 12:30:00", RFC 3339 ("2026-01-01T12:30:00.250+02:00"), UTC where no offset is given; or milliseconds
since 1970. A line without its timestamp or delimiter ends the command with an error; what was published before it stays.
The first interrupt (Ctrl-C) stops reading, waits a few seconds for what is under way, and reports.
-p, -k and -K: a partition wins over a key; records of one key go to one partition, in order.
With -p N the topic has to be there, unless N is 0: only its first partition is certain.
While the broker refuses records for the moment (its disk is full, it restarts) they are tried again for two minutes, and standard
error says so; what was not acknowledged by then fails with the broker's reason.
The report counts the records acknowledged and their offsets, a partition a line; with -o json it is an object on standard output.

With --http each record is a POST to /v1/topics/TOPIC/events, a few ahead of their answers, at the place of a ws:// --server, or at port
7421 of any other's host. Nothing is tried again. -H takes content-type, and ce_NAME for the attributes of a CloudEvent in binary mode,
of which ce_specversion, ce_id, ce_source and ce_type are required; -z and --timestamp-prefix do not go with it.

Examples:
  leat pub orders '{"id":1}' -k 1
  leat pub orders -H source=web -H trace=9f3 'hello'
  leat pub orders -- '--begins with a dash'
  tail -F app.log | leat pub logs -z zstd
  leat pub users -K '\t' < users.tsv
  leat pub orders --http -H content-type=application/json '{"id":1}'
  printf '2026-01-01 12:00:00\tk\tv\n' | leat pub events --timestamp-prefix -K '\t')";

inline constexpr const char* kSub =
    "Print the records of topics (TOPIC[,TOPIC...]) as they are published, or those of a range of offsets.";
inline constexpr const char* kSubFooter =
    R"(OFFSETS: where to begin, and after a colon where to stop (that record is not printed). Without it: end, only new records.
  start | end       the oldest record, behind the newest
  +10 | -10         10 after the start, the last 10
  100               offset 100
  @-1h | @TIME      the first record at or after a time: a duration ago (ms s m h d w), RFC 3339 (UTC where no offset is
                    given), a date, or milliseconds since 1970
  100:200  -10:end  @-2h:@-1h  @2026-01-01T00:00:00Z:end  :end
In ranges, "end" is the end when the command began. Relative offsets are each partition's own.

Records are printed a line each: partition, offset, time, key, value, separated by tabs (the topic first when there are several);
with -o json as objects with topic, partition, offset, timestamp, key, value (key_base64, value_base64 where they are not UTF-8) and
headers; with -o cloudevents as structured CloudEvents (JSON), their place in leatoffset and leatpartition, their time in leattime.
With -f as the template says, nothing added:
  %t topic  %p partition  %o offset  %T timestamp (ms)  %k key  %v or %s value  %K and %S bytes of key and value (-1: null)
  %h headers (name=value,...)  %% a percent sign  \n \t \r \0 \\ \xHH

Examples:
  leat sub orders
  leat sub orders start -e -f '%k %v\n'
  leat sub orders,payments @-1h -o json
  leat sub orders start -o cloudevents --ws
  leat sub orders -10:end -p 0)";

inline constexpr const char* kBench = "Measure a broker: KIND is pub, sub, e2e or fan. A missing topic is created.";
inline constexpr const char* kBenchFooter =
    R"(pub  publishes, each producer over its own connection. Closed loop: each has at most --in-flight records unacknowledged. With --rate an
     open loop: latency counts from the moment a record was meant to be sent, however late it was sent.
     Records have no key: with several partitions one gets a batch, then another. With --spread it is another for each record.
sub  reads from the start of the topic, which must hold the records, without formatting them.
e2e  publishes at --rate (default 10,000/s) and receives in the same process; latency counts from the intended sending to receipt.
fan  publishes for --seconds to --subscribers, each on a connection of its own, all on one thread; latency as in e2e, over all
     deliveries. Without --rate a closed loop: at most --in-flight (default 200) records are published and not delivered to all.
     --rate 0 publishes nothing and holds the subscribers idle. The daemon has to let them in: limits.connections_per_address_max
     (default 1000, and the publisher is one as well) and limits.connections_max (10000); and both processes need the files (ulimit -n).
Values are pseudo-random bytes. mb_per_s counts values only, in 1,000,000 bytes. Latencies have three digits; pub
without --rate and with more than 64 in flight takes those of one record in eight. The first --warmup records (default: a tenth of
--records, at most 10,000; fan 10; none for sub) are not counted.

Examples:
  leat bench pub load --records 2000000 --size 1024
  leat bench pub load --rate 50000 --ack written -o json
  leat bench sub load --records 2000000
  leat bench e2e load --records 100000 --size 100 --rate 10000
  leat bench fan load --subscribers 1000 --rate 20 --server ws://127.0.0.1)";

}  // namespace leat::tool::help
