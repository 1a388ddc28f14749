#pragma once

#include <cstdint>
#include <string_view>

#include "protocol/base/bytes.hpp"
#include "protocol/base/result.hpp"

/// The client protocol of NATS (docs.nats.io, "Client Protocol"), as far as a load needs it.
namespace leat::load::nats {

/// One operation from the server.
struct Operation {
  enum class Kind : std::uint8_t { message, ping, pong, other };

  Kind kind = Kind::other;
  std::size_t size_bytes = 0;  ///< of all of it; 0: it is not complete, and the rest is not set
  std::string_view subject;    ///< of a message, as the rest
  std::uint64_t subscription = 0;
  std::string_view reply;  ///< empty: none is wanted
  ByteSpan headers;
  ByteSpan payload;
};

/// The operation at the beginning. An -ERR of the server is an error, as is what cannot be understood.
Result<Operation> parse(ByteSpan in);

/// The status in a message's headers, as in "NATS/1.0 404 No Messages": empty when they have none.
std::string_view status_of(ByteSpan headers);

}  // namespace leat::load::nats
