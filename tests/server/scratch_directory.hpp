#pragma once

#include <fstream>
#include <sstream>
#include <string>

#include "simulation/temporary_directory.hpp"

namespace leat::server {

/// A fresh directory whose files a test writes and reads whole.
class ScratchDirectory {
 public:
  [[nodiscard]] std::string operator/(const std::string& name) const { return (directory_.path() / name).string(); }

  [[nodiscard]] std::string write(const std::string& name, const std::string& text) const {
    std::ofstream(*this / name, std::ios::binary) << text;
    return *this / name;
  }

  [[nodiscard]] std::string read(const std::string& name) const {
    std::ostringstream text;
    text << std::ifstream(*this / name, std::ios::binary).rdbuf();
    return text.str();
  }

 private:
  simulation::TemporaryDirectory directory_;
};

}  // namespace leat::server
