#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>

namespace leat::server {

/// A limit on the memory that all connections hold together for one purpose. What they hold they have a share of; who finds no
/// room waits in line. Any thread.
class ByteBudget : public std::enable_shared_from_this<ByteBudget> {
 public:
  /// So many bytes of the budget, given back when this ends. Belongs to one thread at a time, whichever.
  class Share {
   public:
    Share() = default;
    Share(Share&& other) noexcept;
    Share& operator=(Share&& other) noexcept;
    ~Share() { resize(0); }

    [[nodiscard]] std::size_t bytes() const { return bytes_; }
    explicit operator bool() const { return bytes_ > 0; }
    /// Gives back, or takes more whether there is room or not: for what is held already.
    void resize(std::size_t bytes);
    void add(Share other);

   private:
    friend class ByteBudget;
    Share(std::shared_ptr<ByteBudget> budget, std::size_t bytes) : budget_(std::move(budget)), bytes_(bytes) {}
    std::shared_ptr<ByteBudget> budget_;
    std::size_t bytes_ = 0;
  };

  using Ticket = std::uint64_t;  ///< never 0
  /// Called without a lock on the thread that made room, or on the one that asked: must do no more than post.
  using Granted = std::function<void(Ticket, Share)>;

  explicit ByteBudget(std::size_t bytes_max) : bytes_max_(bytes_max) {}

  /// A share of nothing, to be resized.
  Share none() { return {shared_from_this(), 0}; }
  /// An empty share when there is no room, or when others have waited for it longer.
  Share take(std::size_t bytes);
  /// In the order of asking. Whoever is first is served while the limit is not exceeded yet, however much it asks for: those
  /// who hold a part of what they need must not wait for each other for ever. So the limit is exceeded by one share at most.
  Ticket wait(std::size_t bytes, Granted granted);
  /// What was granted already may still arrive: compare its ticket.
  void cancel(Ticket ticket);
  /// The same for who has to be told: it is granted nothing, at once.
  void give_up(Ticket ticket);

  /// Somebody does, other than the one with this ticket.
  [[nodiscard]] bool has_waiting(Ticket except = 0) const;
  [[nodiscard]] std::size_t used_bytes() const;
  [[nodiscard]] std::size_t limit_bytes() const { return bytes_max_; }

 private:
  struct Waiting {
    std::size_t bytes;
    Granted granted;
  };
  void give_back(std::size_t bytes);
  void take_anyway(std::size_t bytes);
  /// Serves those whose turn it is, and lets go of the lock.
  void serve(std::unique_lock<std::mutex> lock);

  const std::size_t bytes_max_;
  mutable std::mutex mutex_;
  std::size_t used_bytes_ = 0;
  Ticket last_ticket_ = 0;
  std::map<Ticket, Waiting> waiting_;  ///< in their order
};

}  // namespace leat::server
