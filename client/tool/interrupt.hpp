#pragma once

namespace leat::tool {

/// Turns SIGINT and SIGTERM into something to wait for. The first one asks the command to stop in order; the second one kills the
/// process as usual, for when the first does not help. One object at a time, for the whole process; the accessors are for any
/// thread.
class Interrupt {
 public:
  Interrupt();
  ~Interrupt();
  Interrupt(const Interrupt&) = delete;
  Interrupt& operator=(const Interrupt&) = delete;

  /// Readable from the first signal on.
  [[nodiscard]] int fd() const;
  [[nodiscard]] bool requested() const;
};

}  // namespace leat::tool
