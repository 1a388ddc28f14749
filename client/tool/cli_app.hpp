#pragma once

#include <CLI/CLI.hpp>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace leat::tool {

/// CLI11 for options only. It would split a positional "[1,2]" into two and drop "{}", and both are messages that people send: so
/// positionals are what it leaves over, in order.
class OptionsApp : public CLI::App {
 public:
  using CLI::App::App;
  struct Leftover {
    bool is_option;
    std::string text;
  };
  [[nodiscard]] std::vector<Leftover> leftovers() const {
    std::vector<Leftover> left;
    for (const auto& [type, text] : missing_) left.push_back({type != CLI::detail::Classifier::NONE, text});
    return left;
  }
};

/// Writes the positionals, which CLI11 does not know of, into the usage line.
class UsageFormatter : public CLI::Formatter {
 public:
  void set_usage(const CLI::App* command, std::string positionals) { positionals_[command] = std::move(positionals); }
  std::string make_usage(const CLI::App* command, std::string name) const override {
    const auto found = positionals_.find(command);
    return "Usage: " + name + " " + (found == positionals_.end() ? "COMMAND" : found->second) + " [OPTIONS]\n";
  }

 private:
  std::map<const CLI::App*, std::string> positionals_;
};

}  // namespace leat::tool
