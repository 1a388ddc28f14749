#pragma once

#include <memory>

#include "client/src/transport.hpp"

namespace leat::client {

/// The native protocol's bytes in the binary messages of a WebSocket (RFC 6455), subprotocol leat.v1; where one message ends and
/// the next begins means nothing. Apart from transport.cpp, so that Boost.Beast is parsed once.
std::shared_ptr<Transport> make_web_socket_transport(const boost::asio::any_io_executor& executor, const Endpoint& endpoint,
                                                     std::size_t buffer_bytes);

}  // namespace leat::client
