#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace leat::tool {

/// Lines up rows for people: columns are two spaces apart, those of numbers to the right.
class TextTable {
 public:
  enum class Align : std::uint8_t { left, right };
  struct Column {
    std::string title;
    Align align = Align::left;
  };

  explicit TextTable(std::vector<Column> columns) : columns_(std::move(columns)) {}
  /// A cell for each column.
  void add_row(std::vector<std::string> cells);
  void append(std::string& out) const;

 private:
  void append_row(std::string& out, const std::vector<std::string>& cells, const std::vector<std::size_t>& widths) const;

  std::vector<Column> columns_;
  std::vector<std::vector<std::string>> rows_;
};

/// 1234567 as "1,234,567".
std::string grouped(std::uint64_t number);

/// "1 record", "1,234 records".
std::string counted(std::uint64_t number, std::string_view noun);

/// 1234567 as "1.2 MB" (powers of 1000).
std::string readable_bytes(std::uint64_t bytes);

}  // namespace leat::tool
