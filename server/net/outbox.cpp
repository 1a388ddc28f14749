#include "server/net/outbox.hpp"

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>

namespace leat::server {
namespace {

constexpr std::size_t kGatherMax = 64;  // as many as Asio hands to one sendmsg

}  // namespace

void Outbox::push(SharedBytes bytes, bool lent) {
  if (bytes.empty()) return;
  bytes_ += bytes.size();
  pieces_.push_back({std::move(bytes), lent});
}

Outbox::Flushed Outbox::flush(boost::asio::ip::tcp::socket& socket, boost::system::error_code& error) {
  while (!pieces_.empty()) {
    gather_.clear();
    for (std::size_t i = 0; i < std::min(pieces_.size(), kGatherMax); ++i) {
      gather_.emplace_back(pieces_[i].bytes.span().data(), pieces_[i].bytes.size());
    }
    const std::size_t sent = socket.write_some(gather_, error);
    drop_sent(sent);
    if (error == boost::asio::error::would_block) {
      copy_lent();
      return Flushed::partly;
    }
    if (error) return Flushed::failed;
  }
  return Flushed::everything;
}

void Outbox::drop_sent(std::size_t sent) {
  bytes_ -= sent;
  sent_bytes_total_ += sent;
  while (sent > 0) {
    SharedBytes& first = pieces_.front().bytes;
    if (sent < first.size()) {
      first = first.slice(sent, first.size() - sent);
      return;
    }
    sent -= first.size();
    pieces_.pop_front();
  }
}

void Outbox::copy_lent() {
  for (Piece& piece : pieces_) {
    if (!piece.lent) continue;
    const ByteSpan bytes = piece.bytes.span();
    piece = {SharedBytes(std::vector<std::byte>(bytes.begin(), bytes.end())), false};
  }
}

}  // namespace leat::server
