#include "server/net/tcp_progress.hpp"

// Not with <netinet/tcp.h>, whose tcp_info ends before this field.
#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cstddef>

namespace leat::server {

std::uint64_t acknowledged_bytes_total(int socket) {
  tcp_info info{};
  socklen_t bytes = sizeof info;
  if (::getsockopt(socket, IPPROTO_TCP, TCP_INFO, &info, &bytes) != 0) return 0;
  const bool has_field = bytes >= offsetof(tcp_info, tcpi_bytes_acked) + sizeof info.tcpi_bytes_acked;
  return has_field ? info.tcpi_bytes_acked : 0;
}

}  // namespace leat::server
