#include "bench/load/rabbit_frames.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace leat::load::rabbit {
namespace {

/// Text with zero bytes in it.
template <std::size_t kSize>
std::string bytes(const char (&text)[kSize]) {
  return std::string(text, kSize - 1);
}

TEST(RabbitFrames, AFrameIsLengthKeyVersionAndBody) {
  std::string out;
  append_frame(out, Key::credit, bytes("\x01\x00\x01"));
  EXPECT_EQ(out, bytes("\x00\x00\x00\x07"
                       "\x00\x09"
                       "\x00\x01"
                       "\x01\x00\x01"));
}

TEST(RabbitFrames, StringsHaveTheirLengthInTwoBytes) {
  std::string out;
  append_string(out, "PLAIN");
  EXPECT_EQ(out, bytes("\x00\x05PLAIN"));
}

TEST(RabbitFrames, AResponseIsToldByTheKeysHighestBit) {
  const auto frame = parse_frame(as_bytes(std::string_view("\x00\x00\x00\x06\x80\x0d\x00\x01ok!", 11)));
  ASSERT_TRUE(frame.has_value() && frame->has_value());
  EXPECT_EQ((*frame)->key, Key::create);
  EXPECT_TRUE((*frame)->is_response);
  EXPECT_EQ(as_text((*frame)->body), "ok");
  EXPECT_EQ((*frame)->size_bytes, 10U);
}

TEST(RabbitFrames, AFrameThatIsCutIsIncomplete) {
  std::string whole;
  append_frame(whole, Key::deliver, "body");
  for (std::size_t length = 0; length < whole.size(); ++length) {
    const auto frame = parse_frame(as_bytes(whole).first(length));
    ASSERT_TRUE(frame.has_value()) << length;
    EXPECT_FALSE(frame->has_value()) << length;
  }
}

TEST(RabbitFrames, ALengthThatNoFrameHasIsAnError) {
  for (const auto& text : {bytes("\x00\x00\x00\x03\x00\x02\x00\x01"), bytes("\x7f\x00\x00\x00\x00\x02\x00\x01")}) {
    EXPECT_TRUE(parse_frame(as_bytes(text)).has_error());
  }
}

TEST(RabbitFrames, APublishFrameHasItsRecordsCounted) {
  std::string out = "sent before";
  PublishFrame frame;
  frame.begin(out, 3);
  frame.add(out, 258, as_bytes("one"));
  frame.add(out, 259, as_bytes("2"));
  // The beginning may be written and taken away while the frame is open.
  out.erase(0, out.find('\0'));
  frame.finish(out);
  EXPECT_FALSE(frame.is_open());
  EXPECT_EQ(out, bytes("\x00\x00\x00\x25"
                       "\x00\x02"
                       "\x00\x01"
                       "\x03"
                       "\x00\x00\x00\x02"
                       "\x00\x00\x00\x00\x00\x00\x01\x02"
                       "\x00\x00\x00\x03"
                       "one"
                       "\x00\x00\x00\x00\x00\x00\x01\x03"
                       "\x00\x00\x00\x01"
                       "2"));
}

TEST(RabbitFrames, ConfirmsAreIdsOfAPublisher) {
  const auto confirms =
      Confirms::parse(as_bytes(std::string_view("\x03\x00\x00\x00\x02"
                                                "\x00\x00\x00\x00\x00\x00\x00\x05"
                                                "\x00\x00\x00\x00\x00\x00\x01\x00",
                                                21)));
  ASSERT_TRUE(confirms.has_value());
  EXPECT_EQ(confirms->publisher(), 3);
  ASSERT_EQ(confirms->size(), 2U);
  EXPECT_EQ((*confirms)[0], 5U);
  EXPECT_EQ((*confirms)[1], 256U);
}

TEST(RabbitFrames, ConfirmsThatPromiseMoreThanTheyHoldAreErrors) {
  EXPECT_TRUE(Confirms::parse(as_bytes(std::string_view("\x03\x00\x00\x00\x01\x00\x00", 7))).has_error());
  EXPECT_TRUE(Confirms::parse(as_bytes(std::string_view("\x03", 1))).has_error());
}

/// A Deliver's body with so many entries of these bytes.
std::string chunk(std::uint16_t entries, std::string_view data) {
  std::string body = bytes("\x01\x51\x00");
  append(body, entries);
  append(body, std::uint32_t{entries});
  body.append(3 * sizeof(std::uint64_t) + sizeof(std::uint32_t), '\0');
  append(body, static_cast<std::uint32_t>(data.size()));
  body.append(2 * sizeof(std::uint32_t), '\0');
  return body.append(data);
}

TEST(RabbitFrames, AChunkYieldsItsValuesInOrder) {
  const auto body = chunk(2, bytes("\x00\x00\x00\x03"
                                   "one"
                                   "\x00\x00\x00\x00"));
  auto reader = ChunkReader::open(as_bytes(body));
  ASSERT_TRUE(reader.has_value());
  EXPECT_EQ(as_text(reader->next()->value()), "one");
  EXPECT_EQ(as_text(reader->next()->value()), "");
  EXPECT_FALSE(reader->next()->has_value());
}

TEST(RabbitFrames, AChunkThatIsCutOrHoldsABatchIsAnError) {
  const auto whole = chunk(1, bytes("\x00\x00\x00\x03"
                                    "one"));
  for (std::size_t length = 0; length < whole.size(); ++length) {
    EXPECT_TRUE(ChunkReader::open(as_bytes(whole).first(length)).has_error()) << length;
  }
  for (const auto& data : {bytes("\x00\x00\x00\x04"
                                 "one"),
                           bytes("\x00\x00"),
                           bytes("\x80\x00\x00\x01"
                                 "x")}) {
    const auto body = chunk(1, data);
    auto reader = ChunkReader::open(as_bytes(body));
    ASSERT_TRUE(reader.has_value());
    EXPECT_TRUE(reader->next().has_error());
  }
}

}  // namespace
}  // namespace leat::load::rabbit
