// Holds protocol/PROTOCOL.md against the code: its worked examples and its table of errors.
#include <algorithm>
#include <charconv>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <string_view>

#include "protocol/record/batch_validator.hpp"
#include "samples.hpp"

namespace leat::native {
namespace {

std::vector<std::string> document_lines() {
  std::ifstream file(LEAT_PROTOCOL_DOCUMENT);
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) lines.push_back(line);
  return lines;
}

/// The bytes of the block that begins with ```hex NAME; a ';' starts a comment.
std::vector<std::byte> worked_example(std::string_view name) {
  const std::vector<std::string> lines = document_lines();
  auto line = std::find(lines.begin(), lines.end(), "```hex " + std::string(name));
  std::vector<std::byte> bytes;
  if (line == lines.end()) return bytes;
  for (++line; line != lines.end() && *line != "```"; ++line) {
    std::istringstream numbers(line->substr(0, line->find(';')));
    for (unsigned value = 0; numbers >> std::hex >> value;) bytes.push_back(static_cast<std::byte>(value));
  }
  return bytes;
}

struct Row {
  std::string name;
  bool retriable = false;
  friend bool operator==(const Row&, const Row&) = default;
};

std::ostream& operator<<(std::ostream& out, const Row& row) { return out << row.name << (row.retriable ? " retriable" : ""); }

std::vector<std::string> cells_of(const std::string& line) {
  std::vector<std::string> cells;
  std::istringstream in(line);
  for (std::string cell; std::getline(in, cell, '|');) {
    const std::size_t first = cell.find_first_not_of(' ');
    cells.push_back(first == std::string::npos ? "" : cell.substr(first, cell.find_last_not_of(' ') + 1 - first));
  }
  return cells;
}

/// The rows of the tables whose heading begins "| Code | Name | Meaning | Retriable |".
std::map<int, Row> documented_errors() {
  std::map<int, Row> rows;
  bool in_table = false;
  for (const std::string& line : document_lines()) {
    if (line.starts_with("| Code | Name | Meaning | Retriable |")) in_table = true;
    if (!line.starts_with('|')) in_table = false;
    const std::vector<std::string> cells = cells_of(line);
    int code = 0;
    if (!in_table || cells.size() < 5) continue;
    const std::string& number = cells[1];
    if (std::from_chars(number.data(), number.data() + number.size(), code).ec != std::errc{}) continue;
    EXPECT_TRUE(cells[4] == "yes" || cells[4] == "no") << line;
    EXPECT_FALSE(cells[3].empty()) << line;
    EXPECT_TRUE(rows.emplace(code, Row{cells[2], cells[4] == "yes"}).second) << line;
  }
  return rows;
}

std::map<int, Row> implemented_errors() {
  std::map<int, Row> rows;
  for (int code = 0; code <= 0xffff; ++code) {
    const auto errc = static_cast<Errc>(code);
    if (name_of(errc) != "unknown") rows.emplace(code, Row{std::string(name_of(errc)), is_retriable(errc)});
  }
  return rows;
}

TEST(ProtocolDocument, ListsEveryErrorAsItIsImplemented) { EXPECT_EQ(documented_errors(), implemented_errors()); }

TEST(ProtocolDocument, HelloExampleIsWhatTheEncoderWrites) {
  EXPECT_EQ(worked_example("hello"), encoded(Hello{1, 1, "example", "1.0"}, 1));
}

TEST(ProtocolDocument, HelloExampleDecodes) {
  const std::vector<std::byte> bytes = worked_example("hello");
  const Decoded decoded = decode_header(header_of(bytes)).value();
  EXPECT_EQ(decoded.correlation, 1U);
  EXPECT_EQ(std::get<Hello>(decoded.message), (Hello{1, 1, "example", "1.0"}));
}

TEST(ProtocolDocument, PublishExampleIsWhatTheEncoderWrites) {
  constexpr std::size_t kBatchBytes = 74;
  const std::vector<std::byte> bytes = worked_example("publish");
  const std::vector<std::byte> ours = encoded(Publish{kTarget, AckLevel::durable}, 2, kBatchBytes);
  ASSERT_EQ(bytes.size(), ours.size());
  EXPECT_TRUE(std::equal(bytes.begin(), bytes.end() - kBatchBytes, ours.begin()));
}

TEST(ProtocolDocument, PublishExampleCarriesAValidBatch) {
  const std::vector<std::byte> bytes = worked_example("publish");
  const auto frame = std::get<FrameView>(next_frame(bytes, kFrameBytesMax).value());
  EXPECT_EQ(std::get<Publish>(decode_header(frame.header).value().message), (Publish{kTarget, AckLevel::durable}));
  const auto batch = record::validate_for_append(frame.payload, {.batch_bytes_max = 1024});
  EXPECT_EQ(batch.value().record_count, 1);
  EXPECT_EQ(batch.value().base_timestamp, 1'700'000'000'000);
}

}  // namespace
}  // namespace leat::native
