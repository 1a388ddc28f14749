#include "server/net/outbox.hpp"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <memory>
#include <string>

namespace leat::server {
namespace {

using boost::asio::ip::tcp;

class OutboxTest : public ::testing::Test {
 protected:
  OutboxTest() {
    tcp::acceptor acceptor(io_, {boost::asio::ip::address_v4::loopback(), 0});
    peer_.connect(acceptor.local_endpoint());
    socket_ = acceptor.accept();
    socket_.non_blocking(true);
    socket_.set_option(boost::asio::socket_base::send_buffer_size(16 << 10));
  }
  Outbox::Flushed flush() {
    boost::system::error_code error;
    return outbox_.flush(socket_, error);
  }
  std::string received(std::size_t bytes) {
    std::string text(bytes, '\0');
    boost::asio::read(peer_, boost::asio::buffer(text));
    return text;
  }
  static SharedBytes shared(std::string text, std::weak_ptr<const void>* watch = nullptr) {
    const auto owner = std::make_shared<const std::string>(std::move(text));
    if (watch != nullptr) *watch = owner;
    return {owner, as_bytes(*owner)};
  }

  static std::shared_ptr<const storage::FileDescriptor> in_memory(std::string_view text) {
    auto file = std::make_shared<const storage::FileDescriptor>(::memfd_create("outbox_test", MFD_CLOEXEC));
    EXPECT_EQ(::write(file->get(), text.data(), text.size()), static_cast<ssize_t>(text.size()));
    return file;
  }

  boost::asio::io_context io_;
  tcp::socket peer_{io_};
  tcp::socket socket_{io_};
  Outbox outbox_;
};

TEST_F(OutboxTest, SendsPiecesInOrder) {
  std::string expected;
  for (int i = 0; i < 500; ++i) {  // more than one gathered write takes
    outbox_.push(shared(std::to_string(i)));
    expected += std::to_string(i);
  }
  EXPECT_EQ(outbox_.bytes(), expected.size());
  EXPECT_EQ(flush(), Outbox::Flushed::everything);
  EXPECT_TRUE(outbox_.empty());
  EXPECT_EQ(outbox_.bytes(), 0U);
  EXPECT_EQ(received(expected.size()), expected);
}

TEST_F(OutboxTest, SmallPiecesAreLetGoOfAndLargeOnesAreNot) {
  outbox_.push(shared("first"));
  std::weak_ptr<const void> small;
  std::weak_ptr<const void> large;
  outbox_.push(shared("small", &small));
  outbox_.push(shared(std::string(5000, 'x'), &large));
  EXPECT_TRUE(small.expired()) << "what it is a part of may be much larger";
  EXPECT_FALSE(large.expired());
  EXPECT_EQ(flush(), Outbox::Flushed::everything);
  EXPECT_EQ(received(5010), "firstsmall" + std::string(5000, 'x'));
}

TEST_F(OutboxTest, PiecesOfAllSizesKeepTheirOrderHoweverMuchTheSocketTakes) {
  std::string expected;
  std::string got;
  char fill = 'a';
  for (int round = 0; round < 200; ++round) {
    for (const std::size_t size : {1U, 200U, 3U, 256U, 257U, 30U, 255U, 4000U, 7U, 7U}) {
      fill = fill == 'z' ? 'a' : static_cast<char>(fill + 1);
      outbox_.push(shared(std::string(size, fill)), size % 2 == 0);
      expected.append(size, fill);
      if (fill == 'm') flush();
    }
    ASSERT_EQ(outbox_.bytes() + outbox_.sent_bytes_total(), expected.size());
    const std::size_t there = peer_.available();
    got += received(there / 2);
  }
  while (got.size() < expected.size()) {
    ASSERT_NE(flush(), Outbox::Flushed::failed);
    got += received(peer_.available());
  }
  EXPECT_EQ(got, expected);
}

TEST_F(OutboxTest, NothingIsNoPiece) {
  outbox_.push(SharedBytes());
  EXPECT_TRUE(outbox_.empty());
  EXPECT_EQ(flush(), Outbox::Flushed::everything);
}

TEST_F(OutboxTest, WhatTheSocketDoesNotTakeStaysInOrder) {
  std::string expected;
  for (int i = 0; i < 200; ++i) {
    const std::string piece(50'000, static_cast<char>('a' + i % 26));
    outbox_.push(shared(piece), i % 2 == 0);
    expected += piece;
  }
  std::string got;
  while (flush() == Outbox::Flushed::partly) {
    ASSERT_GT(outbox_.bytes(), 0U);
    got += received(expected.size() - got.size() - outbox_.bytes());
  }
  got += received(expected.size() - got.size());
  EXPECT_EQ(got, expected);
}

TEST_F(OutboxTest, PiecesOfAFileGoOutInTheirPlace) {
  const auto file = in_memory(std::string(300'000, 'f') + "end");
  std::string expected;
  for (int i = 0; i < 5; ++i) {
    outbox_.push(shared("head"));
    outbox_.push(storage::FileRange{file, static_cast<std::uint64_t>(299'000 + i), static_cast<std::size_t>(1000 - i)});
    outbox_.push(shared("tail"));
    expected += "head" + std::string(static_cast<std::size_t>(1000 - i), 'f') + "tail";
  }
  outbox_.push(storage::FileRange{file, 0, 300'003});
  expected += std::string(300'000, 'f') + "end";
  EXPECT_EQ(outbox_.bytes(), expected.size());
  std::string text;
  bool waited = false;
  while (text.size() < expected.size()) {
    const auto flushed = flush();
    ASSERT_NE(flushed, Outbox::Flushed::failed);
    waited = waited || flushed != Outbox::Flushed::everything;
    text += received(expected.size() - text.size() - outbox_.bytes());
  }
  EXPECT_TRUE(waited) << "the socket took it all at once";
  EXPECT_EQ(text, expected);
  EXPECT_TRUE(outbox_.empty());
}

TEST_F(OutboxTest, AFileThatIsCutIsAFailure) {
  outbox_.push(storage::FileRange{in_memory("short"), 0, 6});
  EXPECT_EQ(flush(), Outbox::Flushed::failed);
  EXPECT_TRUE(outbox_.failed_in_file());
}

TEST_F(OutboxTest, LentMemoryIsNotHeldForASlowReader) {
  std::weak_ptr<const void> lent;
  std::weak_ptr<const void> given;
  outbox_.push(shared(std::string(16U << 20, 'x')));
  outbox_.push(shared(std::string(1000, 'l'), &lent), true);
  outbox_.push(shared(std::string(1000, 'g'), &given), false);
  EXPECT_FALSE(lent.expired());
  ASSERT_EQ(flush(), Outbox::Flushed::partly);
  EXPECT_TRUE(lent.expired());
  EXPECT_FALSE(given.expired());
}

TEST_F(OutboxTest, WhatIsLentWhileTheSocketIsFullIsNotHeldEither) {
  std::weak_ptr<const void> lent;
  outbox_.push(shared(std::string(16U << 20, 'x')));
  ASSERT_EQ(flush(), Outbox::Flushed::partly);
  outbox_.push(shared(std::string(1000, 'l'), &lent), true);
  EXPECT_TRUE(lent.expired());
}

TEST_F(OutboxTest, SentPiecesLetGoOfTheirMemory) {
  std::weak_ptr<const void> memory;
  outbox_.push(shared("bytes", &memory));
  ASSERT_EQ(flush(), Outbox::Flushed::everything);
  EXPECT_TRUE(memory.expired());
}

TEST_F(OutboxTest, APeerThatIsGoneIsAFailure) {
  peer_.set_option(boost::asio::socket_base::linger(true, 0));
  peer_.close();
  Outbox::Flushed flushed = Outbox::Flushed::everything;
  while (flushed != Outbox::Flushed::failed) {
    outbox_.push(shared(std::string(100'000, 'x')));
    flushed = flush();
  }
  EXPECT_EQ(flushed, Outbox::Flushed::failed);
}

}  // namespace
}  // namespace leat::server
