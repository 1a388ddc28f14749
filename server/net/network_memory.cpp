#include "server/net/network_memory.hpp"

namespace leat::server {
namespace {

constexpr std::size_t kReadBlockBytes = 256U << 10;
constexpr std::size_t kSpareReadBlocks = 64;

}  // namespace

NetworkMemory make_network_memory(std::size_t receive_bytes_max, std::size_t send_bytes_max) {
  return {std::make_shared<ReceiveMemory>(kReadBlockBytes, kSpareReadBlocks, receive_bytes_max),
          std::make_shared<ByteBudget>(send_bytes_max)};
}

}  // namespace leat::server
