#include "storage/catalog/topic_config.hpp"

#include <gmock/gmock.h>

#include "samples/batches.hpp"

namespace leat::storage {
namespace {

using testing::HasSubstr;

std::string refusal(const TopicSettings& settings) {
  const auto result = apply_settings({}, settings);
  EXPECT_EQ(error_of(result), Errc::invalid_argument);
  return message_of(result);
}

std::string refused_name(std::string_view name) {
  const auto result = check_topic_name(name);
  EXPECT_EQ(error_of(result), Errc::invalid_topic_name);
  return message_of(result);
}

TEST(TopicSettingsTest, NoSettingsAreTheDefaults) {
  const TopicConfig defaults{.retention_ms = 7, .segment_bytes = 4096};
  EXPECT_EQ(apply_settings(defaults, {}).value(), defaults);
}

TEST(TopicSettingsTest, EverySettingIsApplied) {
  const auto config = apply_settings({}, {{"retention.ms", "1000"},
                                          {"retention.bytes", "2000"},
                                          {"segment.bytes", "4096"},
                                          {"max.message.bytes", "300"},
                                          {"durability", "os"}});
  EXPECT_EQ(config.value(), (TopicConfig{1000, 2000, 4096, 300, Durability::os}));
}

TEST(TopicSettingsTest, TheLimitsThemselvesAreAccepted) {
  EXPECT_TRUE(apply_settings({}, {{"retention.ms", "-1"}, {"segment.bytes", "1024"}, {"max.message.bytes", "256"}}));
  EXPECT_TRUE(apply_settings(
      {}, {{"retention.bytes", "9223372036854775807"}, {"segment.bytes", "2147483648"}, {"max.message.bytes", "67108864"}}));
}

TEST(TopicSettingsTest, AnUnknownSettingIsToldTheKnownOnes) {
  EXPECT_THAT(refusal({{"retention.hours", "1"}}),
              HasSubstr("unknown topic setting 'retention.hours', accepted are retention.ms, retention.bytes, segment.bytes, "
                        "max.message.bytes, durability"));
}

TEST(TopicSettingsTest, ANumberOutOfRangeIsToldTheRange) {
  EXPECT_THAT(refusal({{"segment.bytes", "1023"}}),
              HasSubstr("segment.bytes takes a whole number from 1024 to 2147483648, not '1023'"));
  EXPECT_THAT(refusal({{"max.message.bytes", "67108865"}}), HasSubstr("from 256 to 67108864"));
  EXPECT_THAT(refusal({{"retention.ms", "-2"}}), HasSubstr("from -1"));
}

TEST(TopicSettingsTest, WhatIsNoWholeNumberIsRefused) {
  for (const char* value : {"", " 1", "1 ", "1.5", "1k", "0x10", "+5", "99999999999999999999", "ten"}) {
    EXPECT_THAT(refusal({{"retention.ms", value}}), HasSubstr("not '" + std::string(value) + "'"));
  }
}

TEST(TopicSettingsTest, DurabilityTakesOneOfTwoWords) {
  EXPECT_EQ(apply_settings({.durability = Durability::os}, {{"durability", "durable"}})->durability, Durability::durable);
  EXPECT_THAT(refusal({{"durability", "Durable"}}), HasSubstr("durability takes durable or os, not 'Durable'"));
}

TEST(TopicSettingsTest, ADescriptionNamesEverySettingAndWhatWasSet) {
  const TopicSettings settings{{"durability", "os"}};
  std::string text;
  for (const auto& setting : describe_settings(apply_settings({}, settings).value(), settings)) {
    text += setting.key + "=" + setting.value + (setting.is_default ? " " : "! ");
  }
  EXPECT_EQ(text, "retention.ms=-1 retention.bytes=-1 segment.bytes=268435456 max.message.bytes=1048576 durability=os! ");
}

TEST(TopicSettingsTest, ADescriptionIsAcceptedAsSettings) {
  const TopicConfig config{5, 6, 7000, 8000, Durability::os};
  TopicSettings settings;
  for (const auto& setting : describe_settings(config, {})) settings[setting.key] = setting.value;
  EXPECT_EQ(apply_settings({}, settings).value(), config);
}

TEST(TopicName, OrdinaryNamesAreLegal) {
  for (const char* name : {"a", "orders", "Orders-2024.v1_x", "...", "_x", "-", "0"}) EXPECT_TRUE(check_topic_name(name)) << name;
  EXPECT_TRUE(check_topic_name(std::string(249, 'x')));
}

TEST(TopicName, EveryRefusalSaysWhichRuleIsBroken) {
  EXPECT_THAT(refused_name(""), HasSubstr("is not 1 to 249 characters long"));
  EXPECT_THAT(refused_name(std::string(250, 'x')), HasSubstr("is not 1 to 249 characters long"));
  EXPECT_THAT(refused_name("."), HasSubstr("means a directory"));
  EXPECT_THAT(refused_name(".."), HasSubstr("means a directory"));
  EXPECT_THAT(refused_name("__offsets"), HasSubstr("'__offsets' begins with '__', which is kept for the broker"));
}

TEST(TopicName, EveryOtherCharacterIsIllegal) {
  for (int c = 0; c < 256; ++c) {
    const auto character = static_cast<char>(c);
    const bool legal = c < 128 && (std::isalnum(c) != 0 || c == '.' || c == '_' || c == '-');
    EXPECT_EQ(check_topic_name(std::string("a") + character).has_value(), legal) << c;
  }
}

TEST(TopicName, AnErrorQuotesNoMoreThanAName) { EXPECT_LT(refused_name(std::string(1 << 20, 'x')).size(), 400U); }

}  // namespace
}  // namespace leat::storage
