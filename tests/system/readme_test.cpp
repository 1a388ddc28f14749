#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <memory>
#include <regex>
#include <system_error>

#include "simulation/temporary_directory.hpp"
#include "system/process.hpp"

namespace leat::system_test {
namespace {

namespace fs = std::filesystem;
using Lines = std::vector<std::string>;

struct Step {
  std::string command;
  Lines shown;
};

/// The commands of the README's tour, up to the section that explains it, with what is shown below each.
std::vector<Step> tour() {
  std::ifstream readme(LEAT_README);
  std::vector<Step> steps;
  std::string line;
  while (std::getline(readme, line) && line != "## Five minutes") continue;
  bool in_console = false;
  while (std::getline(readme, line) && line != "## One record's way") {
    if (line.starts_with("```")) {
      in_console = line == "```console";
    } else if (in_console && line.starts_with("$ ")) {
      steps.push_back({line.substr(2), {}});
    } else if (in_console) {
      steps.at(steps.size() - 1).shown.push_back(line);
    }
  }
  return steps;
}

/// A line without what differs from one run to the next.
std::string normalised(std::string line) {
  static const std::vector<std::pair<std::regex, const char*>> kVarying{
      {std::regex(R"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z)"), "TIME"},
      {std::regex(R"([0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})"), "ID"},
      {std::regex(R"re("timestamp":\d+)re"), "\"timestamp\":N"},
      {std::regex(R"((pid|threads|journal_groups)=\d+)"), "$1=N"},
      {std::regex(R"( in \d+\.\d{3} s$)"), " in N s"},
      {std::regex(R"( \d+ B$)"), " N B"},
  };
  for (const auto& [pattern, name] : kVarying) line = std::regex_replace(line, pattern, name);
  return line;
}

/// Partitions are independent: the lines of records are put in the order of their partitions, which may come in any.
Lines comparable(const Lines& lines) {
  Lines result;
  for (const std::string& line : lines) result.push_back(normalised(line));
  const auto partition = [](const std::string& line) {
    const std::size_t tab = line.find('\t');
    return tab == std::string::npos ? std::string() : line.substr(0, tab);
  };
  std::stable_sort(result.begin(), result.end(),
                   [&](const std::string& a, const std::string& b) { return partition(a) < partition(b); });
  return result;
}

/// A bash that is typed into, with a network of its own, where the tour's port is free, and processes of its own, which end with
/// it.
class Shell {
 public:
  static bool permitted() {
    return run({"sh", "-c", "unshare -rnpf --mount-proc --kill-child ip link set lo up"}).exit_code == 0;
  }

  explicit Shell(const fs::path& directory) {
    const fs::path keyboard = directory / "keyboard";
    if (::mkfifo(keyboard.c_str(), 0600) != 0) throw std::system_error(errno, std::generic_category(), "mkfifo");
    const std::string start = "ip link set lo up && cd \"$0\" && exec env LC_ALL=C bash <keyboard";
    process_ = std::make_unique<Process>(
        std::vector<std::string>{"unshare", "-rnpf", "--mount-proc", "--kill-child", "bash", "-c", start, directory.string()});
    keyboard_ = ::open(keyboard.c_str(), O_WRONLY | O_CLOEXEC);
  }
  ~Shell() { ::close(keyboard_); }
  Shell(const Shell&) = delete;
  Shell& operator=(const Shell&) = delete;

  /// Everything that a command said; of one in the background the first lines, as many as the README shows.
  Lines run_step(const Step& step) {
    type(step.command);
    Lines said;
    if (step.command.ends_with('&')) {
      while (said.size() < step.shown.size()) said.push_back(next_line());
      return said;
    }
    type("echo '(the prompt)'");
    for (std::string line = next_line(); line != "(the prompt)"; line = next_line()) said.push_back(line);
    return said;
  }
  int leave() {
    type("exit 0");
    return process_->wait_for_exit();
  }

 private:
  void type(const std::string& text) {
    const std::string line = text + "\n";
    if (::write(keyboard_, line.data(), line.size()) != static_cast<ssize_t>(line.size()))
      throw std::system_error(errno, std::generic_category(), "typing");
  }
  /// Without what bash itself says of a job that was killed.
  std::string next_line() {
    static const std::regex kKilled(R"(bash: line \d+: +\d+ Killed +leatd)");
    std::string line = process_->wait_for_nth_line(taken_++);
    return std::regex_match(line, kKilled) ? next_line() : line;
  }

  std::unique_ptr<Process> process_;
  int keyboard_ = -1;
  std::size_t taken_ = 0;
};

TEST(Readme, TheTourRunsAsItIsShown) {
  if (!Shell::permitted())
    GTEST_SKIP() << "the tour uses leat's own port: needs a network of its own, which unshare may not make here";
  const simulation::TemporaryDirectory directory;
  fs::create_directories(directory.path() / "build/release");
  fs::create_directory_symlink(fs::path(LEATD_PROGRAM).parent_path(), directory.path() / "build/release/bin");
  const std::vector<Step> steps = tour();
  ASSERT_GE(steps.size(), 14U);
  Shell shell(directory.path());
  for (const Step& step : steps) EXPECT_EQ(comparable(shell.run_step(step)), comparable(step.shown)) << "$ " << step.command;
  EXPECT_EQ(shell.leave(), 0);
}

}  // namespace
}  // namespace leat::system_test
