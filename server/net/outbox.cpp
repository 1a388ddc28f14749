#include "server/net/outbox.hpp"

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>

namespace leat::server {
namespace {

constexpr std::size_t kBuffersMax = 64;  // as many as Asio hands to one sendmsg
constexpr std::size_t kSmallBytesMax = 256;
constexpr std::size_t kGatheredBytesMax = 1024;

}  // namespace

void Outbox::push(SharedBytes bytes, bool lent) {
  if (bytes.empty()) return;
  bytes_ += bytes.size();
  if (bytes.size() <= kSmallBytesMax && gather(bytes.span())) return;
  gathered_ = nullptr;
  pieces_.push_back({std::move(bytes), lent});
}

bool Outbox::gather(ByteSpan bytes) {
  if (pieces_.empty()) return false;
  Piece& last = pieces_.back();
  if (!gathered_ || gathered_->size() + bytes.size() > kGatheredBytesMax) {
    if (last.bytes.size() > kSmallBytesMax) return false;
    gathered_ = std::make_shared<std::vector<std::byte>>();
    gathered_->reserve(kGatheredBytesMax);
    gathered_->insert(gathered_->end(), last.bytes.span().begin(), last.bytes.span().end());
    last = {SharedBytes(gathered_, *gathered_), false};
  }
  // Its end only moves within what was reserved, and only this one looks behind the end that it had.
  gathered_->insert(gathered_->end(), bytes.begin(), bytes.end());
  last.bytes = SharedBytes(gathered_, ByteSpan(last.bytes.span().data(), last.bytes.size() + bytes.size()));
  return true;
}

Outbox::Flushed Outbox::flush(boost::asio::ip::tcp::socket& socket, boost::system::error_code& error) {
  while (!pieces_.empty()) {
    buffers_.clear();
    for (std::size_t i = 0; i < std::min(pieces_.size(), kBuffersMax); ++i) {
      buffers_.emplace_back(pieces_[i].bytes.span().data(), pieces_[i].bytes.size());
    }
    const std::size_t sent = socket.write_some(buffers_, error);
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
    if (pieces_.empty()) gathered_ = nullptr;
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
