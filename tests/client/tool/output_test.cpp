#include "client/tool/output.hpp"

#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <array>
#include <string>
#include <thread>

namespace leat::tool {
namespace {

class OutputToAPipe : public testing::Test {
 protected:
  OutputToAPipe() {
    ::signal(SIGPIPE, SIG_IGN);
    EXPECT_EQ(::pipe(fds_.data()), 0);
  }
  ~OutputToAPipe() override {
    stop_reading();
    ::close(fds_[1]);
  }
  void stop_reading() {
    if (fds_[0] >= 0) ::close(fds_[0]);
    fds_[0] = -1;
  }
  std::string read(std::size_t length) {
    std::string text(length, '\0');
    for (std::size_t at = 0; at < length;) {
      const auto got = ::read(fds_[0], text.data() + at, length - at);
      if (got <= 0) return "nothing more to read";
      at += static_cast<std::size_t>(got);
    }
    return text;
  }
  [[nodiscard]] int writing_end() const { return fds_[1]; }

 private:
  std::array<int, 2> fds_{};
};

TEST_F(OutputToAPipe, HoldsSmallWritesBackUntilFlushed) {
  Output output(writing_end());
  output.buffer() += "one ";
  ASSERT_TRUE(output.flush_when_full().has_value());
  EXPECT_EQ(output.buffer(), "one ");
  output.buffer() += "two";
  ASSERT_TRUE(output.flush().has_value());
  EXPECT_EQ(read(7), "one two");
}

TEST_F(OutputToAPipe, WritesMoreThanThePipeHolds) {
  const std::string large(1 << 20, 'x');
  std::thread reader([&] { EXPECT_EQ(read(large.size()), large); });
  Output output(writing_end());
  output.buffer() += large;
  EXPECT_TRUE(output.flush_when_full().has_value());
  EXPECT_TRUE(output.buffer().empty());
  reader.join();
}

TEST_F(OutputToAPipe, DropsWhatNobodyReadsAnyMore) {
  stop_reading();
  Output output(writing_end());
  output.buffer() += "x";
  EXPECT_TRUE(output.flush().has_value());
  EXPECT_TRUE(output.reader_gone());
  EXPECT_TRUE(output.buffer().empty());
}

TEST(Output, AFailedWriteIsAnError) {
  Output output(-1);
  output.buffer() += "x";
  EXPECT_EQ(output.flush().error().code, Errc::io_error);
  EXPECT_FALSE(output.reader_gone());
}

}  // namespace
}  // namespace leat::tool
