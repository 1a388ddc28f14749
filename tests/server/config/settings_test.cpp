#include "server/config/settings.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include "server/config/config_text.hpp"
#include "server/config/load_config.hpp"
#include "server/scratch_directory.hpp"

namespace leat::server {
namespace {

using testing::HasSubstr;

TEST(Settings, NamesAndVariablesAreUnique) {
  std::set<std::string> names;
  for (const Setting& setting : settings()) {
    EXPECT_TRUE(names.insert(std::string(setting.path)).second) << setting.path;
    EXPECT_TRUE(names.insert(setting.variable()).second) << setting.variable();
    EXPECT_FALSE(setting.help.empty()) << setting.path;
  }
}

TEST(Settings, EveryDefaultIsItselfAccepted) {
  ScratchDirectory directory;
  ConfigSources sources;
  sources.file_path = directory.write("leatd.toml", to_toml(ServerConfig()));
  const auto loaded = load_config(sources);
  ASSERT_TRUE(loaded.has_value()) << loaded.error().message();
  EXPECT_EQ(to_toml(loaded.value()), to_toml(ServerConfig()));
}

/// A value of each setting that differs from its default.
std::string other_value(const Setting& setting) {
  switch (setting.kind) {
    case SettingKind::text:
      return "say \"hi\" \\ \n\x01";
    case SettingKind::flag:
      return "true";
    case SettingKind::choice:
      return std::string(setting.choices.back());
    case SettingKind::count:
    case SettingKind::size:
    case SettingKind::duration:
      return std::to_string(setting.min + 1);
  }
  return {};
}

TEST(Settings, EachSettingReachesAMemberOfItsOwn) {
  std::set<std::string> printed{to_toml(ServerConfig())};
  for (const Setting& setting : settings()) {
    ServerConfig config;
    ASSERT_TRUE(assign(config, setting, other_value(setting), true).has_value()) << setting.path;
    EXPECT_TRUE(printed.insert(to_toml(config)).second) << setting.path << " changes nothing, or what another setting changes";
  }
}

TEST(Settings, PrintedTextReadsBackWhateverIsInIt) {
  ServerConfig config;
  config.data_dir = "a\"b\\c\n\x7f=# é";
  ScratchDirectory directory;
  ConfigSources sources;
  sources.file_path = directory.write("leatd.toml", to_toml(config));
  EXPECT_EQ(load_config(sources).value().data_dir, config.data_dir);
}

TEST(Settings, NearestFindsSlipsAndNothingFarther) {
  const std::vector<std::string> words{"level", "file", "format"};
  EXPECT_EQ(nearest("levle", words), "level");
  EXPECT_EQ(nearest("fille", words), "file");
  EXPECT_EQ(nearest("destination", words), std::nullopt);
}

TEST(Settings, TheReferenceInTheRepositoryIsTheTables) {
  std::ostringstream committed;
  committed << std::ifstream(LEAT_CONFIG_REFERENCE, std::ios::binary).rdbuf();
  if (committed.str() == config_reference()) return;
  const std::string wanted = std::filesystem::absolute("CONFIG.md").string();
  std::ofstream(wanted, std::ios::binary) << config_reference();
  FAIL() << "the table of settings has changed: copy " << wanted << " to server/CONFIG.md";
}

}  // namespace
}  // namespace leat::server
