#include "client/tool/progress.hpp"

#include <unistd.h>

#include <chrono>
#include <cstdio>

namespace leat::tool {

Progress::Progress(bool wanted, std::function<std::string()> line) {
  if (!wanted || ::isatty(STDERR_FILENO) == 0) return;
  thread_ = std::thread([this, line = std::move(line)] { show_until_stopped(line); });
}

Progress::~Progress() {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  stopped_.notify_one();
  thread_.join();
}

void Progress::show_until_stopped(const std::function<std::string()>& line) {
  std::unique_lock lock(mutex_);
  while (!stopped_.wait_for(lock, std::chrono::milliseconds(250), [this] { return stop_; })) {
    std::fprintf(stderr, "\r%s\033[K", line().c_str());
  }
  std::fputs("\r\033[K", stderr);
}

}  // namespace leat::tool
