#include "server/config/logging.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <limits>
#include <thread>
#include <vector>

#include "server/scratch_directory.hpp"

namespace leat::server {
namespace {

using testing::HasSubstr;
using testing::MatchesRegex;

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

class Logging : public testing::Test {
 protected:
  void TearDown() override { ASSERT_TRUE(log::open({}).has_value()); }
  void open(LogFormat format, LogLevel level = LogLevel::info) {
    ASSERT_TRUE(log::open({level, directory_ / "leatd.log", format}).has_value());
  }
  std::vector<std::string> lines(const std::string& name = "leatd.log") { return lines_of(directory_.read(name)); }
  void rotate(const std::string& to) { std::filesystem::rename(directory_ / "leatd.log", directory_ / to); }

  ScratchDirectory directory_;
};

TEST_F(Logging, TextIsTimeLevelEventAndFields) {
  open(LogFormat::text);
  log::info("listening", {{"address", "127.0.0.1:7420"}, {"threads", 2}, {"fast", true}, {"ratio", 0.5}});
  ASSERT_EQ(lines().size(), 1U);
  EXPECT_THAT(lines()[0], MatchesRegex("[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}\\.[0-9]{6}Z info  listening address=127.0.0.1:7420 "
                                       "threads=2 fast=true ratio=0.5"));
}

TEST_F(Logging, JsonIsOneObjectALine) {
  open(LogFormat::json);
  log::error("publish failed", {{"error", Error(Errc::unknown_topic, "orders")}, {"big", std::uint64_t{1} << 63U}, {"x", -1}});
  log::warn("second");
  ASSERT_EQ(lines().size(), 2U);
  const auto object = boost::json::parse(lines()[0]).as_object();
  EXPECT_EQ(object.at("level"), "error");
  EXPECT_EQ(object.at("event"), "publish failed");
  EXPECT_EQ(object.at("error"), "unknown topic: orders");
  EXPECT_EQ(object.at("big").to_number<std::uint64_t>(), std::uint64_t{1} << 63U);
  EXPECT_EQ(object.at("x"), -1);
  EXPECT_TRUE(object.at("time").is_string());
}

TEST_F(Logging, LessImportantLinesAreLeftOut) {
  open(LogFormat::text, LogLevel::warn);
  log::info("no");
  log::debug("no");
  log::warn("yes");
  EXPECT_FALSE(log::enabled(LogLevel::info));
  EXPECT_TRUE(log::enabled(LogLevel::error));
  ASSERT_EQ(lines().size(), 1U);
  EXPECT_THAT(lines()[0], HasSubstr("warn  yes"));
}

TEST_F(Logging, OffWritesNothing) {
  open(LogFormat::text, LogLevel::off);
  log::error("no");
  EXPECT_FALSE(log::enabled(LogLevel::error));
  EXPECT_TRUE(lines().empty());
}

TEST_F(Logging, ReopenGoesOnInANewFileAfterRotation) {
  open(LogFormat::text);
  log::info("before");
  rotate("leatd.log.1");
  log::info("still the old file");
  ASSERT_TRUE(log::reopen().has_value());
  log::info("after");
  EXPECT_EQ(lines("leatd.log.1").size(), 2U);
  ASSERT_EQ(lines().size(), 1U);
  EXPECT_THAT(lines()[0], HasSubstr("after"));
}

TEST_F(Logging, AReopenThatFailsKeepsTheOldFile) {
  open(LogFormat::text);
  rotate("leatd.log.1");
  std::filesystem::create_directory(directory_ / "leatd.log");
  const auto failed = log::reopen();
  ASSERT_TRUE(failed.has_error());
  EXPECT_THAT(failed.error().message(), HasSubstr("leatd.log: Is a directory"));
  log::info("kept");
  EXPECT_EQ(lines("leatd.log.1").size(), 1U);
}

TEST_F(Logging, AFileThatCannotBeOpenedIsNamed) {
  const auto failed = log::open({LogLevel::info, directory_ / "absent/leatd.log", LogFormat::text});
  ASSERT_TRUE(failed.has_error());
  EXPECT_EQ(failed.error().code, Errc::io_error);
  EXPECT_THAT(failed.error().context, HasSubstr("absent/leatd.log: No such file"));
}

TEST_F(Logging, ReopeningStandardErrorDoesNothing) {
  ASSERT_TRUE(log::open({}).has_value());
  EXPECT_TRUE(log::reopen().has_value());
}

TEST_F(Logging, AFullDiskIsNoOnesFailure) {
  ASSERT_TRUE(log::open({LogLevel::info, "/dev/full", LogFormat::text}).has_value());
  log::info("lost");
  open(LogFormat::text);
  log::info("written");
  EXPECT_EQ(lines().size(), 1U);
}

TEST_F(Logging, LinesOfManyThreadsStayWholeWhileTheFileIsReopened) {
  constexpr std::size_t kThreads = 4;
  constexpr std::size_t kLines = 500;
  open(LogFormat::json);
  std::vector<std::thread> threads;
  for (std::size_t t = 0; t < kThreads; ++t) {
    threads.emplace_back([t] {
      for (std::size_t i = 0; i < kLines; ++i) log::info("line", {{"thread", t}, {"i", i}});
    });
  }
  rotate("leatd.log.1");
  EXPECT_TRUE(log::reopen().has_value());
  for (std::thread& thread : threads) thread.join();

  std::vector<std::string> all = lines("leatd.log.1");
  for (std::string& line : lines()) all.push_back(std::move(line));
  EXPECT_EQ(all.size(), kThreads * kLines);
  for (const std::string& line : all) EXPECT_NO_THROW(boost::json::parse(line)) << line;
}

TEST(LogLine, AValueCannotEndTheLineOrStartAField) {
  const log::Field fields[] = {{"topic", "a b=c\nerror \"x\" \\"}, {"empty", ""}};
  EXPECT_EQ(log::text_line("info", "e", fields), R"(info  e topic="a b=c\nerror \"x\" \\" empty="")");
}

TEST(LogLine, BytesThatAreNotUtf8StillMakeJson) {
  using namespace std::string_view_literals;
  const log::Field fields[] = {{"key", "ok é \xff \xc3 \xed\xa0\x80 \xf0\x9f\x90\x9f \x01 \x00."sv},
                               {"nan", std::numeric_limits<double>::quiet_NaN()}};
  const auto object = boost::json::parse("{" + log::json_members("info", "e", fields) + "}").as_object();
  EXPECT_THAT(std::string(object.at("key").as_string()),
              HasSubstr("ok é \xef\xbf\xbd \xef\xbf\xbd \xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd \xf0\x9f\x90\x9f \x01"));
  EXPECT_TRUE(object.at("nan").is_null());
}

}  // namespace
}  // namespace leat::server
