#include "storage/catalog/catalog.hpp"

#include <gmock/gmock.h>

#include "samples/disks.hpp"
#include "samples/worked_example.hpp"

namespace leat::storage {
namespace {

using testing::HasSubstr;

/// The document's example.
Catalog example() {
  Catalog catalog;
  catalog.broker_id = Uuid::parse("6d2f1c0e-3b7a-4a51-9a0c-2f3e4d5c6b7a").value();
  catalog.next_log = LogId(4);
  catalog.next_producer = ProducerId(2001);
  CatalogTopic orders;
  orders.name = "orders";
  orders.id = Uuid::parse("0b9e8d7c-6a5f-4e3d-8c1b-0a9f8e7d6c5b").value();
  orders.created_ms = 1'700'000'000'000;
  orders.logs = {LogId(1), LogId(3)};
  orders.settings = {{"durability", "os"}, {"retention.ms", "86400000"}};
  catalog.topics.emplace(orders.name, orders);
  catalog.deleted.push_back(Uuid::parse("11111111-2222-4333-8444-555555555555").value());
  return catalog;
}

template <class Disk>
class CatalogTest : public testing::Test {
 protected:
  FileSystem& fs() { return disk_.fs; }
  Path path() { return disk_.root() / "catalog"; }
  void save(const Catalog& catalog) { save_catalog(fs(), path(), catalog).value(); }
  Result<Catalog> load() { return load_catalog(fs(), path()); }
  std::string saved() { return std::string(as_text(contents_of(fs(), path()))); }
  void store(const std::string& text) { set_contents(fs(), path(), as_bytes(text)); }
  void expect_damage(const std::string& text, const std::string& what) {
    store(text);
    EXPECT_EQ(error_of(load()), Errc::corruption) << text;
    EXPECT_THAT(message_of(load()), HasSubstr(path().string() + ": " + what));
  }

  Disk disk_;
};
TYPED_TEST_SUITE(CatalogTest, Disks, DiskNames);

TYPED_TEST(CatalogTest, HasTheDocumentedText) {
  this->save(example());
  EXPECT_EQ(this->saved(), worked_text("catalog"));
}

TYPED_TEST(CatalogTest, ComesBackAsItWas) {
  this->save(example());
  EXPECT_EQ(this->load().value(), example());
}

TYPED_TEST(CatalogTest, TextThatJsonHasToEscapeComesBackAsItWas) {
  Catalog catalog = example();
  catalog.topics.at("orders").settings["note"] = "\"quoted\", back\\slash,\n line end, \x01 and \xc3\xa4";
  this->save(catalog);
  EXPECT_EQ(this->load().value(), catalog);
}

TYPED_TEST(CatalogTest, AnEmptyOneComesBackAsItWas) {
  this->save({});
  EXPECT_EQ(this->load().value(), Catalog{});
}

TYPED_TEST(CatalogTest, LargeNumbersComeBackAsTheyWere) {
  Catalog catalog = example();
  catalog.next_log = LogId(0xffffffffffffffffULL);
  catalog.next_producer = ProducerId(INT64_MAX);
  this->save(catalog);
  EXPECT_EQ(this->load().value(), catalog);
}

TYPED_TEST(CatalogTest, EveryDamagedByteIsNoticed) {
  this->save(example());
  const std::string text = this->saved();
  for (std::size_t at = 0; at < text.size(); ++at) {
    std::string damaged = text;
    damaged[at] = static_cast<char>(damaged[at] ^ 1);
    this->store(damaged);
    EXPECT_EQ(error_of(this->load()), Errc::corruption) << at;
  }
}

TYPED_TEST(CatalogTest, EveryCutIsNoticed) {
  this->save(example());
  const std::string text = this->saved();
  for (std::size_t length = 0; length < text.size(); ++length) {
    this->store(text.substr(0, length));
    EXPECT_EQ(error_of(this->load()), Errc::corruption) << length;
  }
}

TYPED_TEST(CatalogTest, DamageSaysWhatIsWrong) {
  this->expect_damage("", "no checksum line");
  this->expect_damage("{}\ncrc32c 00000000\n", "checksum");
  this->save(example());
  this->expect_damage(this->saved() + "one line more\n", "checksum");
}

TYPED_TEST(CatalogTest, AnotherFormatIsNamed) {
  this->store("{\"format\":2,\"whatever\":\"comes then\"}\ncrc32c 51cca7ff\n");
  EXPECT_EQ(error_of(this->load()), Errc::unsupported_format);
  EXPECT_THAT(message_of(this->load()), HasSubstr("format 2, this leatd reads 1"));
}

TYPED_TEST(CatalogTest, AMissingFileIsAnError) { EXPECT_EQ(error_of(this->load()), Errc::io_error); }

TEST(CatalogFaults, ACrashLeavesTheOldOneOrTheNew) {
  FakeDisk disk;
  const Path path = disk.root() / "catalog";
  Catalog next = example();
  next.next_log = LogId(5);
  save_catalog(disk.fs, path, example()).value();
  disk.fs.sync_directory("/").value();
  int crashes = 0;
  disk.fs.on_operation([&](std::uint64_t index, std::string_view name) {
    const auto after = disk.fs.crash(simulation::CrashChoice::random(index));
    const auto loaded = load_catalog(*after, path);
    ASSERT_TRUE(loaded) << name << ": " << message_of(loaded);
    EXPECT_TRUE(*loaded == example() || *loaded == next);
    ++crashes;
  });
  save_catalog(disk.fs, path, next).value();
  EXPECT_GT(crashes, 3);
  disk.fs.on_operation(nullptr);
  const auto after = disk.fs.crash(simulation::CrashChoice::lose_everything_unsynced());
  EXPECT_EQ(load_catalog(*after, path).value(), next);
}

}  // namespace
}  // namespace leat::storage
