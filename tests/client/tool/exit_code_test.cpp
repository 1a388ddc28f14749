#include "client/tool/exit_code.hpp"

#include <gtest/gtest.h>

namespace leat::tool {
namespace {

TEST(ExitCode, TellsAnUnreachableBrokerFromARefusal) {
  EXPECT_EQ(exit_code_of(Error(Errc::connection_failed)), ExitCode::unreachable);
  EXPECT_EQ(exit_code_of(Error(Errc::connection_lost)), ExitCode::unreachable);
  EXPECT_EQ(exit_code_of(Error(Errc::timed_out)), ExitCode::unreachable);
  EXPECT_EQ(exit_code_of(Error(Errc::topic_exists)), ExitCode::failed);
  EXPECT_EQ(exit_code_of(Error(Errc::storage_failed)), ExitCode::failed);
  EXPECT_EQ(exit_code_of(Error(Errc::storage_full)), ExitCode::failed);
}

TEST(ErrorLine, NamesTheToolTheErrorAndAHint) {
  const auto line = error_line(Error(Errc::connection_failed, "127.0.0.1:7420"));
  EXPECT_TRUE(line.starts_with("leat: ")) << line;
  EXPECT_NE(line.find("127.0.0.1:7420"), std::string::npos) << line;
  EXPECT_NE(line.find("(is leatd running? start it with: leatd)"), std::string::npos) << line;
}

TEST(ErrorLine, StaysOneLineAndOffTheTerminalsControls) { EXPECT_EQ(error_line("a\nb\tc\x1b[31m\x7f"), "leat: a b c?[31m?"); }

}  // namespace
}  // namespace leat::tool
