#include "package_table.hpp"

#include <gmock/gmock.h>

#include <initializer_list>

namespace leat::demo {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

std::map<std::string, PackageState> folded(std::initializer_list<std::string> lines) {
  PackageTable table;
  for (const std::string& line : lines) table.apply("2026-01-31 12:00:00 " + line);
  return table.packages();
}

TEST(PackageTable, TheLastStatusWins) {
  EXPECT_THAT(folded({"status unpacked a:amd64 1", "status installed b:all 7", "status installed a:amd64 1"}),
              ElementsAre(Pair("a:amd64", PackageState{"installed", "1"}), Pair("b:all", PackageState{"installed", "7"})));
}

TEST(PackageTable, ArchitecturesOfOnePackageHaveStatesOfTheirOwn) {
  EXPECT_THAT(folded({"status installed a:amd64 1", "status installed a:i386 2"}),
              ElementsAre(Pair("a:amd64", PackageState{"installed", "1"}), Pair("a:i386", PackageState{"installed", "2"})));
}

TEST(PackageTable, ARemovedPackageKeepsItsConfigurationFiles) {
  EXPECT_THAT(folded({"status installed a:amd64 1", "remove a:amd64 1 <none>", "status config-files a:amd64 1"}),
              ElementsAre(Pair("a:amd64", PackageState{"config-files", "1"})));
}

TEST(PackageTable, APurgedPackageHasNoVersion) {
  EXPECT_THAT(folded({"status config-files a:amd64 1", "purge a:amd64 1 <none>", "status not-installed a:amd64 <none>"}),
              ElementsAre(Pair("a:amd64", PackageState{"not-installed", ""})));
}

TEST(PackageTable, WhatIsNoStatusHasNoState) {
  EXPECT_THAT(folded({"startup archives unpack", "conffile /etc/a.conf keep", "install a:amd64 <none> 1", "", "status"}),
              IsEmpty());
}

TEST(PackageTable, AnUpgradeToAnotherArchitectureReplacesThePackage) {
  EXPECT_THAT(folded({"status installed a:amd64 1", "upgrade a:amd64 1 2", "status half-installed a:amd64 1",
                      "status unpacked a:all 2", "status installed a:all 2"}),
              ElementsAre(Pair("a:all", PackageState{"installed", "2"}), Pair("a:amd64", PackageState{"not-installed", ""})));
}

TEST(PackageTable, TheReplacementMayBeReadBeforeWhatItReplaces) {
  EXPECT_THAT(
      folded({"status unpacked a:all 2", "status installed a:all 2", "upgrade a:amd64 1 2", "status half-installed a:amd64 1"}),
      ElementsAre(Pair("a:all", PackageState{"installed", "2"}), Pair("a:amd64", PackageState{"not-installed", ""})));
}

TEST(PackageTable, AnInterruptedUpgradeBesideAnotherArchitectureStaysHalfInstalled) {
  EXPECT_THAT(folded({"upgrade a:i386 1 2", "status half-installed a:i386 1", "status unpacked a:i386 2", "upgrade a:amd64 1 2",
                      "status half-installed a:amd64 1"}),
              ElementsAre(Pair("a:amd64", PackageState{"half-installed", "1"}), Pair("a:i386", PackageState{"unpacked", "2"})));
}

}  // namespace
}  // namespace leat::demo
