#include "server/net/byte_budget.hpp"

#include <utility>
#include <vector>

#include "protocol/base/assert.hpp"

namespace leat::server {

ByteBudget::Share::Share(Share&& other) noexcept : budget_(std::move(other.budget_)), bytes_(std::exchange(other.bytes_, 0)) {}

ByteBudget::Share& ByteBudget::Share::operator=(Share&& other) noexcept {
  if (this == &other) return *this;
  resize(0);
  budget_ = std::move(other.budget_);
  bytes_ = std::exchange(other.bytes_, 0);
  return *this;
}

void ByteBudget::Share::resize(std::size_t bytes) {
  const std::size_t before = std::exchange(bytes_, bytes);
  if (before == bytes) return;
  LEAT_ASSERT(budget_ != nullptr);
  if (bytes > before) {
    budget_->take_anyway(bytes - before);
  } else {
    budget_->give_back(before - bytes);
  }
}

void ByteBudget::Share::add(Share other) {
  if (!budget_) budget_ = other.budget_;
  bytes_ += std::exchange(other.bytes_, 0);
}

ByteBudget::Share ByteBudget::take(std::size_t bytes) {
  const std::lock_guard lock(mutex_);
  if (!waiting_.empty() || used_bytes_ + bytes > bytes_max_) return {};
  used_bytes_ += bytes;
  return {shared_from_this(), bytes};
}

ByteBudget::Ticket ByteBudget::wait(std::size_t bytes, Granted granted) {
  std::unique_lock lock(mutex_);
  const Ticket ticket = ++last_ticket_;
  waiting_.emplace(ticket, Waiting{bytes, std::move(granted)});
  serve(std::move(lock));
  return ticket;
}

void ByteBudget::cancel(Ticket ticket) {
  std::unique_lock lock(mutex_);
  waiting_.erase(ticket);
}

void ByteBudget::give_up(Ticket ticket) {
  std::unique_lock lock(mutex_);
  auto gone = waiting_.extract(ticket);
  lock.unlock();
  if (!gone.empty()) gone.mapped().granted(ticket, {});
}

bool ByteBudget::has_waiting(Ticket except) const {
  const std::lock_guard lock(mutex_);
  return waiting_.size() > waiting_.count(except);
}

std::size_t ByteBudget::used_bytes() const {
  const std::lock_guard lock(mutex_);
  return used_bytes_;
}

void ByteBudget::take_anyway(std::size_t bytes) {
  const std::lock_guard lock(mutex_);
  used_bytes_ += bytes;
}

void ByteBudget::give_back(std::size_t bytes) {
  std::unique_lock lock(mutex_);
  LEAT_ASSERT(used_bytes_ >= bytes);
  used_bytes_ -= bytes;
  serve(std::move(lock));
}

void ByteBudget::serve(std::unique_lock<std::mutex> lock) {
  std::vector<decltype(waiting_)::node_type> served;
  while (!waiting_.empty() && used_bytes_ < bytes_max_) {
    const auto first = waiting_.begin();
    used_bytes_ += first->second.bytes;
    served.push_back(waiting_.extract(first));
  }
  lock.unlock();
  for (auto& one : served) one.mapped().granted(one.key(), Share(shared_from_this(), one.mapped().bytes));
}

}  // namespace leat::server
