#include "samples/worked_example.hpp"

#include <algorithm>
#include <fstream>
#include <sstream>

namespace leat::storage {
namespace {

std::vector<std::string> block(const std::string& first_line) {
  std::ifstream file(LEAT_FORMAT_DOCUMENT);
  std::vector<std::string> lines;
  bool inside = false;
  for (std::string line; std::getline(file, line);) {
    if (inside && line == "```") break;
    if (inside) lines.push_back(line);
    if (line == first_line) inside = true;
  }
  return lines;
}

}  // namespace

std::vector<std::byte> worked_example(std::string_view name) {
  std::vector<std::byte> bytes;
  for (const std::string& line : block("```hex " + std::string(name))) {
    std::istringstream numbers(line.substr(0, line.find(';')));
    for (unsigned value = 0; numbers >> std::hex >> value;) bytes.push_back(static_cast<std::byte>(value));
  }
  return bytes;
}

std::string worked_text(std::string_view name) {
  std::string text;
  for (const std::string& line : block("```text " + std::string(name))) text.append(line).push_back('\n');
  return text;
}

std::string hex(ByteSpan bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const auto value = std::to_integer<std::size_t>(bytes[i]);
    text.push_back(kDigits[value >> 4]);
    text.push_back(kDigits[value & 15]);
    text.push_back(i % 16 == 15 ? '\n' : ' ');
  }
  return text;
}

}  // namespace leat::storage
