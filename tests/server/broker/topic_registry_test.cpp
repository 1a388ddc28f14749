#include "server/broker/topic_registry.hpp"

#include <gtest/gtest.h>

#include "protocol/base/random.hpp"

namespace leat::server {
namespace {

class TopicRegistryTest : public ::testing::Test {
 protected:
  TopicEntryPtr topic(const std::string& name) {
    storage::CatalogTopic catalog;
    catalog.name = name;
    catalog.id = TopicId::random(random_);
    return std::make_shared<TopicEntry>(TopicEntry{catalog, {}, {}});
  }
  SeededRandom random_{1};
  TopicRegistry registry_;
};

TEST_F(TopicRegistryTest, FindsByNameAndById) {
  const TopicEntryPtr orders = topic("orders");
  registry_.put(orders);
  EXPECT_EQ(registry_.by_name("orders"), orders);
  EXPECT_EQ(registry_.by_id(orders->catalog.id), orders);
  EXPECT_EQ(registry_.by_name("Orders"), nullptr);
  EXPECT_EQ(registry_.by_id(TopicId{}), nullptr);
}

TEST_F(TopicRegistryTest, UnknownTopicsAndPartitionsAreDifferentErrors) {
  const TopicEntryPtr orders = topic("orders");
  registry_.put(orders);
  EXPECT_EQ(registry_.partition({TopicId{}, PartitionId(0)}).error().code, Errc::unknown_topic);
  EXPECT_EQ(registry_.partition({orders->catalog.id, PartitionId(0)}).error().code, Errc::unknown_partition);
  EXPECT_EQ(registry_.partition({orders->catalog.id, PartitionId(-1)}).error().code, Errc::unknown_partition);
}

TEST_F(TopicRegistryTest, ListsInByteOrder) {
  for (const char* name : {"b", "a", "B", "a.b", "a-b"}) registry_.put(topic(name));
  std::vector<std::string> names;
  for (const TopicEntryPtr& entry : registry_.behind("", 100)) names.push_back(entry->catalog.name);
  EXPECT_EQ(names, (std::vector<std::string>{"B", "a", "a-b", "a.b", "b"}));
}

TEST_F(TopicRegistryTest, ListsSomeBehindAName) {
  for (const char* name : {"a", "b", "c", "d"}) registry_.put(topic(name));
  const auto listed = registry_.behind("aa", 2);
  ASSERT_EQ(listed.size(), 2U);
  EXPECT_EQ(listed[0]->catalog.name, "b");
  EXPECT_EQ(listed[1]->catalog.name, "c");
  EXPECT_TRUE(registry_.behind("d", 2).empty());
}

TEST_F(TopicRegistryTest, RemovingForgetsNameAndId) {
  const TopicEntryPtr orders = topic("orders");
  registry_.put(orders);
  registry_.remove("orders");
  registry_.remove("orders");
  EXPECT_EQ(registry_.by_name("orders"), nullptr);
  EXPECT_EQ(registry_.by_id(orders->catalog.id), nullptr);
  EXPECT_EQ(registry_.size(), 0U);
}

TEST_F(TopicRegistryTest, ATopicMadeAnewIsFoundByItsNewIdOnly) {
  const TopicEntryPtr old = topic("orders");
  registry_.put(old);
  registry_.remove("orders");
  const TopicEntryPtr anew = topic("orders");
  registry_.put(anew);
  EXPECT_EQ(registry_.by_name("orders"), anew);
  EXPECT_EQ(registry_.by_id(old->catalog.id), nullptr);
}

}  // namespace
}  // namespace leat::server
