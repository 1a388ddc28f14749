#include "server/net/outbox.hpp"

#include <sys/sendfile.h>

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>

namespace leat::server {
namespace {

constexpr std::size_t kBuffersMax = 64;  // as many as Asio hands to one sendmsg
constexpr std::size_t kSmallBytesMax = 256;
constexpr std::size_t kGatheredBytesMax = 1024;

/// Everything else that sending from a file fails with is the file's fault.
bool is_of_peer(const boost::system::error_code& error) {
  namespace errors = boost::asio::error;
  return error == errors::broken_pipe || error == errors::connection_reset || error == errors::connection_aborted ||
         error == errors::timed_out || error == errors::not_connected || error == errors::host_unreachable ||
         error == errors::network_unreachable || error == errors::bad_descriptor;
}

}  // namespace

void Outbox::push(SharedBytes bytes, bool lent) {
  if (bytes.empty()) return;
  bytes_ += bytes.size();
  if (lent && is_full_) {
    bytes = SharedBytes(std::vector<std::byte>(bytes.span().begin(), bytes.span().end()));
    lent = false;
  }
  if (bytes.size() <= kSmallBytesMax && gather(bytes.span())) return;
  gathered_ = nullptr;
  pieces_.push_back({std::move(bytes), lent, {}});
}

bool Outbox::gather(ByteSpan bytes) {
  if (pieces_.empty() || pieces_.back().in_file.file) return false;
  Piece& last = pieces_.back();
  if (!gathered_ || gathered_->size() + bytes.size() > kGatheredBytesMax) {
    if (last.bytes.size() > kSmallBytesMax) return false;
    gathered_ = std::make_shared<std::vector<std::byte>>();
    gathered_->reserve(kGatheredBytesMax);
    gathered_->insert(gathered_->end(), last.bytes.span().begin(), last.bytes.span().end());
    last = {SharedBytes(gathered_, *gathered_), false, {}};
  }
  // Its end only moves within what was reserved, and only this one looks behind the end that it had.
  gathered_->insert(gathered_->end(), bytes.begin(), bytes.end());
  last.bytes = SharedBytes(gathered_, ByteSpan(last.bytes.span().data(), last.bytes.size() + bytes.size()));
  return true;
}

void Outbox::push(storage::FileRange range) {
  bytes_ += range.bytes;
  gathered_ = nullptr;
  pieces_.push_back({{}, false, std::move(range)});
}

std::size_t Outbox::send_memory(Socket& socket, boost::system::error_code& error) {
  buffers_.clear();
  std::size_t i = 0;
  for (; i < std::min(pieces_.size(), kBuffersMax) && !pieces_[i].in_file.file; ++i) {
    buffers_.emplace_back(pieces_[i].bytes.span().data(), pieces_[i].bytes.size());
  }
  // A frame's head goes into one segment with the beginning of what it is about.
  const int flags = i < pieces_.size() ? MSG_MORE : 0;
  return socket.send(buffers_, flags, error);
}

std::size_t Outbox::send_file(Socket& socket, boost::system::error_code& error) {
  const storage::FileRange& range = pieces_.front().in_file;
  auto at = static_cast<off_t>(range.position);
  ssize_t sent = -1;
  do {
    sent = ::sendfile(socket.native_handle(), range.file->get(), &at, range.bytes);
  } while (sent < 0 && errno == EINTR);
  error = {};
  if (sent > 0) return static_cast<std::size_t>(sent);
  error = sent == 0 ? boost::asio::error::eof : boost::system::error_code(errno, boost::system::system_category());
  return 0;
}

Outbox::Flushed Outbox::flush(Socket& socket, boost::system::error_code& error) {
  is_full_ = false;
  while (!pieces_.empty()) {
    const std::size_t sent = pieces_.front().in_file.file ? send_file(socket, error) : send_memory(socket, error);
    drop_sent(sent);
    if (error == boost::asio::error::would_block) {
      is_full_ = true;
      copy_lent();
      return Flushed::partly;
    }
    if (error) {
      failed_in_file_ = !pieces_.empty() && pieces_.front().in_file.file && !is_of_peer(error);
      return Flushed::failed;
    }
  }
  return Flushed::everything;
}

void Outbox::drop_sent(std::size_t sent) {
  bytes_ -= sent;
  sent_bytes_total_ += sent;
  while (sent > 0) {
    Piece& first = pieces_.front();
    if (sent < first.size()) return first.drop_front(sent);
    sent -= first.size();
    pieces_.pop_front();
    if (pieces_.empty()) gathered_ = nullptr;
  }
}

void Outbox::Piece::drop_front(std::size_t sent) {
  if (in_file.file) {
    in_file.position += sent;
    in_file.bytes -= sent;
  } else {
    bytes = bytes.slice(sent, bytes.size() - sent);
  }
}

void Outbox::copy_lent() {
  for (Piece& piece : pieces_) {
    if (!piece.lent) continue;
    const ByteSpan bytes = piece.bytes.span();
    piece.bytes = SharedBytes(std::vector<std::byte>(bytes.begin(), bytes.end()));
    piece.lent = false;
  }
}

}  // namespace leat::server
