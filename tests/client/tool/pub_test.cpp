// What `leat pub` does at a broker.
#include "client/tool/commands.hpp"
#include "tests/client/fake/broker_test.hpp"

namespace leat::tool {
namespace {

class PubTest : public leat::testing::BrokerTest {
 protected:
  Result<ExitCode> publish_to(std::optional<PartitionId> partition) {
    return run({.server = broker.url(), .quiet = true}, Pub{.topic = "t", .messages = {"m"}, .partition = partition});
  }
  std::size_t topics() {
    Client client(options());
    return Admin(client).list_topics().value().size();
  }
};

TEST_F(PubTest, MakesATopicThatIsMissing) {
  EXPECT_TRUE(publish_to(std::nullopt));
  EXPECT_THAT(broker.values("t"), ::testing::ElementsAre("m"));
}

TEST_F(PubTest, MakesOneForTheFirstPartitionWhichEachTopicHas) {
  EXPECT_TRUE(publish_to(PartitionId(0)));
  EXPECT_THAT(broker.values("t"), ::testing::ElementsAre("m"));
}

TEST_F(PubTest, MakesNoneForAPartitionThatItMayNotHave) {
  EXPECT_EQ(publish_to(PartitionId(5)).error().code, Errc::unknown_topic);
  EXPECT_EQ(topics(), 0U);
}

}  // namespace
}  // namespace leat::tool
