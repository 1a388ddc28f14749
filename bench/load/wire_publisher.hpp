#pragma once

#include "bench/load/ack_book.hpp"
#include "bench/load/wire.hpp"

namespace leat::load {

/// A publisher that speaks its protocol over a Wire: it sends and takes acknowledgements on the caller's thread, large writes and
/// reads at a time.
class WirePublisher : public Publisher {
 public:
  Result<void> send(ByteSpan value, Time intended) final;
  Result<void> await(std::uint64_t acknowledged, Time deadline) final;

 protected:
  /// The wire belongs to the derived class. With `linger` await() gathers records for so long before it writes them.
  WirePublisher(Wire& wire, AckSink& sink, SteadyClock::duration linger = SteadyClock::duration::zero())
      : Publisher(sink), linger_(linger), wire_(wire) {}

  /// Appends a record to the wire's output. `number` is what acknowledge() wants back.
  virtual void append(ByteSpan value, std::uint64_t number) = 0;
  /// Before the output is written: ends what append() may have left open.
  virtual void end_batch() {}
  /// Consumes what has arrived, as far as it is whole.
  virtual Result<void> take_answers() = 0;

  Result<void> acknowledge(std::uint64_t number);
  Result<void> acknowledge_oldest() { return acknowledge(book_.oldest()); }
  [[nodiscard]] const AckBook& book() const { return book_; }
  [[nodiscard]] Wire& wire() { return wire_; }

 private:
  Result<void> exchange();
  Result<void> receive();

  const SteadyClock::duration linger_;
  Time write_at_ = Time::min();  ///< of what is gathered
  bool is_gathering_ = false;
  Wire& wire_;
  AckBook book_;
};

}  // namespace leat::load
