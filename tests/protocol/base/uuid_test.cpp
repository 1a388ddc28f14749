#include "protocol/base/uuid.hpp"

#include <gtest/gtest.h>

#include "protocol/base/random.hpp"

namespace leat {
namespace {

TEST(Uuid, TextRoundTrips) {
  SeededRandom random(1);
  const Uuid id = Uuid::random(random);
  EXPECT_EQ(Uuid::parse(id.to_string()), id);
}

TEST(Uuid, RandomOnesCarryVersionFourAndTheVariant) {
  SeededRandom random(2);
  const std::string text = Uuid::random(random).to_string();
  EXPECT_EQ(text[14], '4');
  EXPECT_NE(std::string("89ab").find(text[19]), std::string::npos);
}

TEST(Uuid, MalformedTextIsRefused) {
  for (const char* text : {"", "0", "0123456789abcdef0123456789abcdef", "01234567-89ab-4def-8123-456789abcdeg",
                           "01234567x89ab-4def-8123-456789abcdef"}) {
    EXPECT_FALSE(Uuid::parse(text)) << text;
  }
}

}  // namespace
}  // namespace leat
