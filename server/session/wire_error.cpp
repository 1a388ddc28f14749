#include "server/session/wire_error.hpp"

#include "server/config/logging.hpp"

namespace leat::server {
namespace {

constexpr int kFirstLocalCode = 60;

}  // namespace

Error for_peer(const Error& error) {
  if (error.code == Errc::storage_failed) return Error(error.code);
  if (static_cast<int>(error.code) < kFirstLocalCode) return error;
  log::error("request failed", {{"error", error.message()}});
  switch (error.code) {
    case Errc::corruption:
    case Errc::torn_tail:
      return Error(Errc::internal, "stored data is damaged, see the broker's log");
    case Errc::io_error:
      return Error(Errc::internal, "the broker's disk failed, see its log");
    case Errc::journal_full:
    case Errc::would_block:
      return Error(Errc::overloaded);
    default:
      return Error(Errc::internal, "see the broker's log");
  }
}

}  // namespace leat::server
