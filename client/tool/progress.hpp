#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

namespace leat::tool {

/// A line on standard error that is rewritten four times a second and wiped at the end; nothing at all unless standard error is a
/// terminal and the user wants to see it. `line` is called on a thread of its own.
class Progress {
 public:
  Progress(bool wanted, std::function<std::string()> line);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

 private:
  void show_until_stopped(const std::function<std::string()>& line);

  std::mutex mutex_;
  std::condition_variable stopped_;
  bool stop_ = false;
  std::thread thread_;
};

}  // namespace leat::tool
