#pragma once

#include <boost/system/error_code.hpp>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace leat {

/// Every way a leat operation fails. The numbers travel in error frames and are never reused: 1-59 are answers a broker gives
/// (PROTOCOL.md lists them), 60-79 come from the disk, 80-99 from a client's own side.
enum class Errc : std::uint16_t {
  malformed_frame = 1,
  unsupported_version = 2,
  unsupported_request = 3,
  frame_too_large = 4,
  handshake_required = 5,

  unknown_topic = 10,
  unknown_partition = 11,
  topic_exists = 12,
  invalid_topic_name = 13,
  invalid_argument = 14,
  unknown_subscription = 15,

  invalid_batch = 20,    ///< length, count, magic, codec or flags that no valid batch has
  corrupt_batch = 21,    ///< the checksum does not match the bytes
  batch_too_large = 22,  ///< larger than the topic's max.message.bytes
  offset_out_of_range = 23,
  out_of_order_sequence = 24,
  producer_fenced = 25,
  unknown_producer = 26,  ///< the partition remembers nothing of the producer, and the batch is not its first

  storage_full = 30,    ///< less free space than the reserve: writes are refused until there is room again
  storage_failed = 31,  ///< a write or sync failed: the broker serves what is durable and accepts no more
  overloaded = 40,      ///< a queue is at its limit: try again later
  shutting_down = 41,
  limit_reached = 42,  ///< a configured maximum (topics, partitions, connections, subscriptions)
  internal = 43,

  io_error = 60,
  torn_tail = 61,   ///< the last write did not complete: only this may be cut
  corruption = 62,  ///< damage that a crash does not explain: reported, never cut
  data_dir_in_use = 63,
  unsupported_format = 64,
  journal_full = 65,  ///< every journal file still holds what is not yet in synced segments

  connection_failed = 80,
  connection_lost = 81,
  timed_out = 82,  ///< the outcome is unknown
  cancelled = 83,
  would_block = 84,  ///< a bounded queue is full: back pressure as a value
  closed = 85,
};

const boost::system::error_category& leat_category() noexcept;
boost::system::error_code make_error_code(Errc code) noexcept;

/// The identifier of an error as logs, JSON and PROTOCOL.md spell it, e.g. "unknown_topic". "unknown" for a number nobody
/// defined.
std::string_view name_of(Errc code) noexcept;

/// True when the same request may succeed later without being changed.
bool is_retriable(Errc code) noexcept;

/// What failed and in which words. The context is built on the error path only: it names the file, topic or value at fault.
struct Error {
  Errc code = Errc::internal;
  std::string context;

  Error() = default;  ///< boost::system::result asks for it, no code path uses it
  explicit Error(Errc c, std::string ctx = {}) : code(c), context(std::move(ctx)) {}

  /// "unknown topic: orders": the code's message, then the context.
  [[nodiscard]] std::string message() const;
};

[[noreturn]] void throw_exception_from_error(const Error& error, const boost::source_location& where);

}  // namespace leat

template <>
struct boost::system::is_error_code_enum<leat::Errc> : std::true_type {};
