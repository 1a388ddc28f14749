#pragma once

#include <sys/types.h>

#include <condition_variable>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace leat::system_test {

/// A program that runs beside the test: its output, both streams in one, is read line by line as it comes. Owned by one thread;
/// still running at its end, it is killed. A program that does not do what is waited for within a minute fails the test with an
/// exception that holds its output.
class Process {
 public:
  /// environment: "NAME=value", in addition to the test's own.
  explicit Process(const std::vector<std::string>& arguments, const std::vector<std::string>& environment = {});
  ~Process();
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  /// The first line, from the start on, that has `part` in it.
  std::string wait_for_line(std::string_view part);
  /// The line that `before` others came before.
  std::string wait_for_nth_line(std::size_t before);
  [[nodiscard]] bool has_line(std::string_view part);
  void signal(int number) const;
  /// Its exit code; the negative number of the signal that ended it.
  int wait_for_exit();
  /// Everything it has said; all there is once it has ended.
  [[nodiscard]] std::string output();
  [[nodiscard]] pid_t pid() const { return pid_; }

 private:
  void read_output();
  const std::string* find(std::string_view part) const;
  std::string text_locked() const;

  pid_t pid_ = -1;
  int output_ = -1;
  std::optional<int> exit_;
  std::mutex mutex_;
  std::condition_variable said_;
  std::vector<std::string> lines_;
  bool ended_ = false;
  std::thread reader_;
};

struct Finished {
  int exit_code;
  std::string output;
};

/// Runs a program to its end.
Finished run(const std::vector<std::string>& arguments, const std::vector<std::string>& environment = {});

}  // namespace leat::system_test
