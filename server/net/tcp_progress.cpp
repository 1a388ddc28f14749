#include "server/net/tcp_progress.hpp"

// Not with <netinet/tcp.h>, whose tcp_info ends before this field.
#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/socket.h>

namespace leat::server {

namespace {

tcp_info info_of(int socket) {
  tcp_info info{};
  socklen_t bytes = sizeof info;
  // What an older system does not know stays 0.
  ::getsockopt(socket, IPPROTO_TCP, TCP_INFO, &info, &bytes);
  return info;
}

}  // namespace

std::uint64_t acknowledged_bytes_total(int socket) { return info_of(socket).tcpi_bytes_acked; }

std::uint64_t received_bytes_total(int socket) { return info_of(socket).tcpi_bytes_received; }

}  // namespace leat::server
