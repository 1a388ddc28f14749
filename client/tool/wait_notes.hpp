#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>

#include "client/tool/commands.hpp"
#include "protocol/base/error.hpp"

namespace leat::tool {

/// Says why records wait to be published, at most once every few seconds. One thread.
class WaitNotes {
 public:
  static constexpr std::chrono::seconds kInterval{5};

  explicit WaitNotes(std::function<void(const std::string&)> print) : print_(std::move(print)) {}
  void add(const Error& error, std::chrono::steady_clock::time_point now);

 private:
  std::function<void(const std::string&)> print_;
  std::optional<std::chrono::steady_clock::time_point> printed_at_;
};

/// For ProducerOptions::on_retry: notes on standard error. Null when quiet.
std::function<void(const Error&)> retry_notes(const GlobalOptions& global);

}  // namespace leat::tool
