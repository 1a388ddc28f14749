#include "client/tool/line_reader.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <random>
#include <string>
#include <vector>

namespace leat::tool {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

/// Hands out a text in pieces of at most `piece_bytes`.
class TextSource final : public ByteSource {
 public:
  TextSource(std::string text, std::size_t piece_bytes) : text_(std::move(text)), piece_bytes_(piece_bytes) {}
  Result<std::size_t> read(MutableByteSpan into) override {
    const auto length = std::min({into.size(), piece_bytes_, text_.size() - at_});
    std::memcpy(into.data(), text_.data() + at_, length);
    at_ += length;
    return length;
  }

 private:
  std::string text_;
  std::size_t piece_bytes_;
  std::size_t at_ = 0;
};

constexpr std::size_t kLineMax = 1000;

std::vector<std::string> lines_of(std::string text, std::size_t piece_bytes = 1 << 20) {
  TextSource source(std::move(text), piece_bytes);
  LineReader reader(source, kLineMax);
  std::vector<std::string> lines;
  while (true) {
    const auto line = reader.next();
    EXPECT_TRUE(line.has_value());
    if (!line || !*line) return lines;
    lines.emplace_back(**line);
    EXPECT_EQ(reader.line_number(), lines.size());
  }
}

TEST(LineReader, SplitsAtLineFeeds) { EXPECT_THAT(lines_of("one\ntwo\n"), ElementsAre("one", "two")); }

TEST(LineReader, LastLineNeedsNoLineFeed) { EXPECT_THAT(lines_of("one\ntwo"), ElementsAre("one", "two")); }

TEST(LineReader, EmptyLinesAreLines) { EXPECT_THAT(lines_of("\n\nx\n\n"), ElementsAre("", "", "x", "")); }

TEST(LineReader, NothingHasNoLine) { EXPECT_THAT(lines_of(""), IsEmpty()); }

TEST(LineReader, KeepsCarriageReturnsAndNulBytes) {
  EXPECT_THAT(lines_of(std::string("one\r\na\0b\n", 9)), ElementsAre("one\r", std::string("a\0b", 3)));
}

TEST(LineReader, TakesALineOfTheLargestSize) {
  const std::string largest(kLineMax, 'x');
  EXPECT_THAT(lines_of(largest + "\n" + largest), ElementsAre(largest, largest));
}

TEST(LineReader, RefusesALongerLineWithItsNumber) {
  for (const char* end : {"", "\n", "\nmore\n"}) {
    TextSource source("first\n" + std::string(kLineMax + 1, 'x') + end, 7);
    LineReader reader(source, kLineMax);
    ASSERT_TRUE(reader.next().has_value());
    const auto line = reader.next();
    ASSERT_TRUE(line.has_error());
    EXPECT_EQ(line.error().code, Errc::invalid_argument);
    EXPECT_NE(line.error().context.find("line 2 "), std::string::npos) << line.error().context;
  }
}

TEST(LineReader, AnEndlessLineIsRefusedWithoutReadingToItsEnd) {
  class Endless final : public ByteSource {
   public:
    Result<std::size_t> read(MutableByteSpan into) override {
      std::fill(into.begin(), into.end(), std::byte{'x'});
      return into.size();
    }
  } source;
  LineReader reader(source, kLineMax);
  EXPECT_TRUE(reader.next().has_error());
}

TEST(LineReader, ReadsTheSameInPiecesOfAnySize) {
  const auto seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  std::string text;
  std::vector<std::string> expected;
  while (text.size() < (std::size_t{3} << 20)) {
    expected.emplace_back(random() % kLineMax, static_cast<char>('a' + random() % 26));
    text += expected.back() + '\n';
  }
  for (const std::size_t piece : {std::size_t{13}, std::size_t{4096}, std::size_t{65'536}, std::size_t{1} << 20}) {
    ASSERT_EQ(lines_of(text, piece), expected) << piece;
  }
}

class Pipe {
 public:
  Pipe() { EXPECT_EQ(::pipe(fds_.data()), 0); }
  ~Pipe() {
    ::close(reading_end());
    close_writing_end();
  }
  [[nodiscard]] int reading_end() const { return fds_[0]; }
  void write(std::string_view text) { EXPECT_EQ(::write(fds_[1], text.data(), text.size()), static_cast<ssize_t>(text.size())); }
  void close_writing_end() {
    if (fds_[1] >= 0) ::close(fds_[1]);
    fds_[1] = -1;
  }

 private:
  std::array<int, 2> fds_{};
};

TEST(DescriptorSource, HandsALineOutWhileTheOtherEndIsOpen) {
  Pipe input, stop;
  input.write("one\ntw");
  DescriptorSource source(input.reading_end(), stop.reading_end());
  LineReader reader(source, kLineMax);
  EXPECT_EQ(reader.next().value(), "one");
  input.write("o\n");
  EXPECT_EQ(reader.next().value(), "two");
  input.close_writing_end();
  EXPECT_EQ(reader.next().value(), std::nullopt);
}

TEST(DescriptorSource, StoppingDropsAHalfLine) {
  Pipe input, stop;
  input.write("one\nhalf");
  DescriptorSource source(input.reading_end(), stop.reading_end());
  LineReader reader(source, kLineMax);
  EXPECT_EQ(reader.next().value(), "one");
  stop.write("x");
  EXPECT_EQ(reader.next().error().code, Errc::cancelled);
}

TEST(DescriptorSource, WhatCannotBeReadIsAnError) {
  Pipe stop;
  const int directory = ::open("/", O_RDONLY | O_DIRECTORY);
  DescriptorSource source(directory, stop.reading_end());
  std::array<std::byte, 8> into{};
  EXPECT_EQ(source.read(into).error().code, Errc::io_error);
  ::close(directory);
}

}  // namespace
}  // namespace leat::tool
