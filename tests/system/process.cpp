#include "system/process.hpp"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <stdexcept>
#include <system_error>

namespace leat::system_test {
namespace {

constexpr std::chrono::seconds kPatience{60};

std::vector<char*> pointers(const std::vector<std::string>& texts) {
  std::vector<char*> result;
  for (const std::string& text : texts) result.push_back(const_cast<char*>(text.c_str()));
  result.push_back(nullptr);
  return result;
}

std::vector<std::string> with_own_environment(std::vector<std::string> variables) {
  for (char** variable = environ; *variable != nullptr; ++variable) {
    const std::string_view own = *variable;
    if (!own.starts_with("LEAT_") && !own.starts_with("NOTIFY_SOCKET=")) variables.emplace_back(own);
  }
  return variables;
}

}  // namespace

Process::Process(const std::vector<std::string>& arguments, const std::vector<std::string>& environment) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) throw std::system_error(errno, std::generic_category(), "pipe");
  output_ = ends[0];
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  ::posix_spawn_file_actions_adddup2(&actions, ends[1], 1);
  ::posix_spawn_file_actions_adddup2(&actions, ends[1], 2);
  const std::vector<std::string> variables = with_own_environment(environment);
  const int error =
      ::posix_spawnp(&pid_, arguments.front().c_str(), &actions, nullptr, pointers(arguments).data(), pointers(variables).data());
  ::posix_spawn_file_actions_destroy(&actions);
  ::close(ends[1]);
  if (error != 0) throw std::system_error(error, std::generic_category(), arguments.front());
  reader_ = std::thread([this] { read_output(); });
}

Process::~Process() {
  if (!exit_) {
    ::kill(pid_, SIGKILL);
    wait_for_exit();
  }
  if (reader_.joinable()) reader_.join();
  ::close(output_);
}

void Process::read_output() {
  std::string rest;
  char piece[4096];
  while (true) {
    const ssize_t got = ::read(output_, piece, sizeof piece);
    if (got < 0 && errno == EINTR) continue;
    const std::lock_guard lock(mutex_);
    if (got > 0) rest.append(piece, static_cast<std::size_t>(got));
    for (std::size_t end = rest.find('\n'); end != std::string::npos; end = rest.find('\n')) {
      lines_.push_back(rest.substr(0, end));
      rest.erase(0, end + 1);
    }
    if (got <= 0) {
      if (!rest.empty()) lines_.push_back(rest);
      ended_ = true;
    }
    said_.notify_all();
    if (ended_) return;
  }
}

const std::string* Process::find(std::string_view part) const {
  for (const std::string& line : lines_) {
    if (line.find(part) != std::string::npos) return &line;
  }
  return nullptr;
}

std::string Process::wait_for_line(std::string_view part) {
  std::unique_lock lock(mutex_);
  const std::string* line = nullptr;
  said_.wait_for(lock, kPatience, [&] { return (line = find(part)) != nullptr || ended_; });
  if (line == nullptr) throw std::runtime_error("never said '" + std::string(part) + "':\n" + text_locked());
  return *line;
}

std::string Process::wait_for_nth_line(std::size_t before) {
  std::unique_lock lock(mutex_);
  said_.wait_for(lock, kPatience, [&] { return lines_.size() > before || ended_; });
  if (lines_.size() <= before) throw std::runtime_error("no line after " + std::to_string(before) + " others:\n" + text_locked());
  return lines_[before];
}

bool Process::has_line(std::string_view part) {
  const std::lock_guard lock(mutex_);
  return find(part) != nullptr;
}

void Process::signal(int number) const { ::kill(pid_, number); }

int Process::wait_for_exit() {
  if (exit_) return *exit_;
  // A file descriptor of the process, so that waiting has an end.
  const auto handle = static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0));
  if (handle >= 0) {
    pollfd wanted{handle, POLLIN, 0};
    const int ready = ::poll(&wanted, 1, static_cast<int>(std::chrono::milliseconds(kPatience).count()));
    ::close(handle);
    if (ready == 0) {
      ::kill(pid_, SIGKILL);
      ::waitpid(pid_, nullptr, 0);
      exit_ = -SIGKILL;
      throw std::runtime_error("did not end:\n" + output());
    }
  }
  int status = 0;
  while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) continue;
  exit_ = WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
  reader_.join();  // its last words count too
  return *exit_;
}

std::string Process::text_locked() const {
  std::string text;
  for (const std::string& line : lines_) text += line + "\n";
  return text;
}

std::string Process::output() {
  std::unique_lock lock(mutex_);
  if (exit_) said_.wait_for(lock, kPatience, [this] { return ended_; });
  return text_locked();
}

Finished run(const std::vector<std::string>& arguments, const std::vector<std::string>& environment) {
  Process process(arguments, environment);
  const int exit_code = process.wait_for_exit();
  return {exit_code, process.output()};
}

}  // namespace leat::system_test
