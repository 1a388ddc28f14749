#pragma once

#include <cstddef>

#include "protocol/base/assert.hpp"
#include "protocol/base/bytes.hpp"
#include "protocol/base/result.hpp"
#include "storage/io/file_range.hpp"

namespace leat::server {

/// The way back to a peer, as a session sees it; on the session's shard. Sending never waits: bytes queue up and the session
/// looks at unsent_bytes() before it makes more of them.
class Connection {
 public:
  virtual ~Connection() = default;
  /// `lent`: see Outbox::push.
  virtual void send(SharedBytes bytes, bool lent) = 0;
  /// Whether bytes can be sent from a file.
  [[nodiscard]] virtual bool sends_files() const { return false; }
  virtual void send_file(const storage::FileRange& /*range*/) { LEAT_ASSERT(sends_files()); }
  /// Where the transport has messages: what was sent since the last one is one.
  virtual void end_message() {}
  /// What was sent goes out soon, together: at the end of the event that is being handled.
  virtual void flush_soon() = 0;
  [[nodiscard]] virtual std::size_t unsent_bytes() const = 0;
  /// The session's wants_input() may have become true.
  virtual void resume_reading() = 0;
  /// Closes once everything sent is with the operating system.
  virtual void close_when_flushed() = 0;
  /// The same, with the reason where the transport has a place for it.
  virtual void close_because(const Error& /*error*/) { close_when_flushed(); }
};

/// What handles a connection's bytes; on its shard.
class Session {
 public:
  virtual ~Session() = default;
  /// The connection is ready for what this sends; the first call of all.
  virtual void start() {}
  /// Takes what it can from the front of `unread` and says how much that was. `share` makes a piece of `unread` outlive the call.
  /// An error ends the connection, after what was sent.
  struct Input {
    ByteSpan unread;
    const class ReceiveBuffer& buffer;
  };
  struct Consumed {
    std::size_t bytes = 0;
    std::size_t wanted_bytes = 0;  ///< from the first byte not consumed on: less is not worth another call
  };
  virtual Result<Consumed> on_input(const Input& input) = 0;
  /// False to stop the reading of the socket until resume_reading().
  [[nodiscard]] virtual bool wants_input() const = 0;
  /// The connection has room again for what the session has to send.
  virtual void on_flushed() = 0;
  /// No more requests are taken; the session closes the connection when it has answered those it has.
  virtual void drain() = 0;
  /// The connection is gone: nothing may be sent any more.
  virtual void on_closed() = 0;
  /// The handshake is done; a connection whose session has not got that far by the deadline is closed.
  [[nodiscard]] virtual bool established() const = 0;
  /// Others wait for memory that this one keeps busy for its peer, or is next in the line for.
  [[nodiscard]] virtual bool keeps_others_waiting() const = 0;
};

}  // namespace leat::server
