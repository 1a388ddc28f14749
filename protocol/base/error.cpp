#include "protocol/base/error.hpp"

#include <array>
#include <boost/system/system_error.hpp>

namespace leat {
namespace {

struct Entry {
  Errc code;
  std::string_view name;
  std::string_view text;
  bool retriable;
};

constexpr std::array kEntries{
    Entry{Errc::malformed_frame, "malformed_frame", "malformed frame", false},
    Entry{Errc::unsupported_version, "unsupported_version", "no protocol version in common", false},
    Entry{Errc::unsupported_request, "unsupported_request", "request not supported by this broker", false},
    Entry{Errc::frame_too_large, "frame_too_large", "frame too large", false},
    Entry{Errc::handshake_required, "handshake_required", "the first frame must be a hello", false},
    Entry{Errc::unknown_topic, "unknown_topic", "unknown topic", false},
    Entry{Errc::unknown_partition, "unknown_partition", "unknown partition", false},
    Entry{Errc::topic_exists, "topic_exists", "topic already exists", false},
    Entry{Errc::invalid_topic_name, "invalid_topic_name", "invalid topic name", false},
    Entry{Errc::invalid_argument, "invalid_argument", "invalid argument", false},
    Entry{Errc::unknown_subscription, "unknown_subscription", "unknown subscription", false},
    Entry{Errc::invalid_batch, "invalid_batch", "invalid record batch", false},
    Entry{Errc::corrupt_batch, "corrupt_batch", "record batch checksum mismatch", false},
    Entry{Errc::batch_too_large, "batch_too_large", "record batch too large", false},
    Entry{Errc::offset_out_of_range, "offset_out_of_range", "offset out of range", false},
    Entry{Errc::out_of_order_sequence, "out_of_order_sequence", "out-of-order producer sequence", false},
    Entry{Errc::producer_fenced, "producer_fenced", "a newer producer has taken over", false},
    Entry{Errc::unknown_producer, "unknown_producer", "the broker does not know the producer", false},
    Entry{Errc::storage_full, "storage_full", "storage full", true},
    Entry{Errc::storage_failed, "storage_failed", "storage failed, no writes accepted until restart", false},
    Entry{Errc::overloaded, "overloaded", "broker overloaded", true},
    Entry{Errc::shutting_down, "shutting_down", "broker shutting down", true},
    Entry{Errc::limit_reached, "limit_reached", "limit reached", false},
    Entry{Errc::internal, "internal", "internal error", false},
    Entry{Errc::io_error, "io_error", "I/O error", false},
    Entry{Errc::torn_tail, "torn_tail", "incomplete last write", false},
    Entry{Errc::corruption, "corruption", "data corruption", false},
    Entry{Errc::data_dir_in_use, "data_dir_in_use", "data directory in use by another process", false},
    Entry{Errc::unsupported_format, "unsupported_format", "unsupported data format version", false},
    Entry{Errc::journal_full, "journal_full", "journal full", true},
    Entry{Errc::connection_failed, "connection_failed", "cannot connect", true},
    Entry{Errc::connection_lost, "connection_lost", "connection lost", true},
    Entry{Errc::timed_out, "timed_out", "timed out", true},
    Entry{Errc::cancelled, "cancelled", "cancelled", false},
    Entry{Errc::would_block, "would_block", "queue full", true},
    Entry{Errc::closed, "closed", "already closed", false},
};

const Entry* find(Errc code) noexcept {
  for (const Entry& entry : kEntries) {
    if (entry.code == code) return &entry;
  }
  return nullptr;
}

class Category final : public boost::system::error_category {
 public:
  const char* name() const noexcept override { return "leat"; }
  std::string message(int value) const override {
    const Entry* entry = find(static_cast<Errc>(value));
    return entry != nullptr ? std::string(entry->text) : "unknown error " + std::to_string(value);
  }
};

}  // namespace

const boost::system::error_category& leat_category() noexcept {
  static const Category kCategory;
  return kCategory;
}

boost::system::error_code make_error_code(Errc code) noexcept { return {static_cast<int>(code), leat_category()}; }

std::string_view name_of(Errc code) noexcept {
  const Entry* entry = find(code);
  return entry != nullptr ? entry->name : "unknown";
}

bool is_retriable(Errc code) noexcept {
  const Entry* entry = find(code);
  return entry != nullptr && entry->retriable;
}

std::string Error::message() const {
  std::string text = leat_category().message(static_cast<int>(code));
  if (!context.empty()) text.append(": ").append(context);
  return text;
}

void throw_exception_from_error(const Error& error, const boost::source_location&) {
  throw boost::system::system_error(make_error_code(error.code), error.context);
}

}  // namespace leat
