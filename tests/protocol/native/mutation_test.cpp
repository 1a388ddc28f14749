// Nothing a peer sends may do more than be refused or be read as some other valid message.
#include <array>
#include <cstdlib>
#include <iostream>
#include <random>

#include "protocol/base/endian.hpp"
#include "protocol/base/random.hpp"
#include "samples.hpp"

namespace leat::native {
namespace {

std::uint64_t seed() {
  const char* chosen = std::getenv("LEAT_TEST_SEED");
  return chosen != nullptr ? std::strtoull(chosen, nullptr, 10) : std::random_device{}();
}

class MutatedFrames : public ::testing::Test {
 protected:
  /// Printed first, so that it is there after a crash as well.
  void SetUp() override { std::cout << "replay with LEAT_TEST_SEED=" << seed_ << std::endl; }

  std::size_t below(std::size_t bound) { return static_cast<std::size_t>(random_.next() % bound); }

  std::vector<std::byte> noise(std::size_t length) {
    std::vector<std::byte> bytes(length);
    for (std::byte& byte : bytes) byte = static_cast<std::byte>(random_.next());
    return bytes;
  }

  /// What decodes is a message like any other: it survives a round trip.
  static void survive_header(ByteSpan header) {
    const auto decoded = decode_header(header);
    if (decoded.has_error()) {
      const Errc code = decoded.error().error.code;
      ASSERT_TRUE(code == Errc::malformed_frame || code == Errc::unsupported_request);
      return;
    }
    const std::vector<std::byte> again = encoded(decoded->message, decoded->correlation);
    const auto twice = decode_header(header_of(again));
    ASSERT_TRUE(twice.has_value() && twice->message == decoded->message && twice->correlation == decoded->correlation);
  }

  static void survive(ByteSpan bytes) {
    const auto found = next_frame(bytes, kFrameBytesMax);
    if (found.has_error()) {
      ASSERT_TRUE(found.error().code == Errc::malformed_frame || found.error().code == Errc::frame_too_large);
    } else if (const auto* need = std::get_if<FrameNeed>(&found.value())) {
      ASSERT_GT(need->bytes_total, bytes.size());
    } else {
      const auto& frame = std::get<FrameView>(found.value());
      ASSERT_LE(frame.bytes, bytes.size());
      ASSERT_EQ(kFramePrefixBytes + frame.header.size() + frame.payload.size(), frame.bytes);
      survive_header(frame.header);
    }
  }

 private:
  std::uint64_t seed_ = seed();
  SeededRandom random_{seed_};
};

TEST_F(MutatedFrames, RandomBytes) {
  for (int i = 0; i < 100'000; ++i) survive(noise(below(200)));
}

TEST_F(MutatedFrames, RandomBytesBehindAPlausiblePrefix) {
  for (int i = 0; i < 100'000; ++i) {
    const std::size_t header_bytes = 1 + below(150);
    std::vector<std::byte> bytes = noise(kFramePrefixBytes + header_bytes + below(20));
    store_le(bytes.data(), static_cast<std::uint32_t>(bytes.size() - kFrameSizeBytes));
    store_le(bytes.data() + kFrameSizeBytes, static_cast<std::uint32_t>(header_bytes));
    survive(bytes);
  }
}

TEST_F(MutatedFrames, EveryBitOfEveryMessageFlipped) {
  for (const Message& message : every_message()) {
    std::vector<std::byte> bytes = encoded(message, 1, 10);
    for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
      const std::byte mask{static_cast<unsigned char>(1U << (bit % 8))};
      bytes[bit / 8] ^= mask;
      survive(bytes);
      bytes[bit / 8] ^= mask;
    }
  }
}

TEST_F(MutatedFrames, EveryWordOfEveryMessageReplaced) {
  constexpr std::array<std::uint32_t, 8> kWords{0, 1, 4, 0x7fffffff, 0x80000000, 0xfffffff0, 0xfffffffc, 0xffffffff};
  for (const Message& message : every_message()) {
    const std::vector<std::byte> bytes = encoded(message, 1, 10);
    for (std::size_t at = 0; at + 4 <= bytes.size(); at += 2) {
      for (const std::uint32_t word : kWords) {
        std::vector<std::byte> mutated = bytes;
        store_le(mutated.data() + at, word);
        survive(mutated);
      }
    }
  }
}

TEST_F(MutatedFrames, SeveralBytesChanged) {
  const std::vector<Message> messages = every_message();
  for (int i = 0; i < 100'000; ++i) {
    std::vector<std::byte> bytes = encoded(messages[below(messages.size())], 1);
    for (std::size_t changes = 1 + below(8); changes > 0; --changes) {
      bytes[kFramePrefixBytes + below(bytes.size() - kFramePrefixBytes)] = static_cast<std::byte>(below(256));
    }
    survive(bytes);
  }
}

TEST_F(MutatedFrames, EveryTruncatedHeader) {
  for (const Message& message : every_message()) {
    const std::vector<std::byte> frame = encoded(message, 1);
    const ByteSpan header = header_of(frame);
    for (std::size_t length = 0; length < header.size(); ++length) {
      const std::vector<std::byte> exact(header.begin(), header.begin() + static_cast<std::ptrdiff_t>(length));
      survive_header(exact);
    }
  }
}

}  // namespace
}  // namespace leat::native
