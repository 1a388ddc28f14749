#include <algorithm>

#include "server/support/server_test.hpp"

namespace leat::server {
namespace {

using native::ListOffsets;
using native::ListOffsetsReply;
using native::OffsetSpec;
using native::Read;
using native::ReadReply;
using native::TopicPartition;

class Reading : public ServerTest {
 protected:
  /// A topic whose batch i holds records i*2 and i*2+1, of the times i*1000 and i*1000+1.
  TopicPartition filled(int batches) {
    const TopicPartition target = create_partition("orders");
    RawClient publisher = client();
    for (int i = 0; i < batches; ++i) {
      const auto batch = batch_of({std::to_string(i * 2), std::to_string(i * 2 + 1)}, {}, i * 1000);
      EXPECT_TRUE(publisher.publish(target, batch).has_value());
    }
    return target;
  }
  ListOffsetsReply list(const TopicPartition& target, OffsetSpec spec, TimestampMs timestamp = 0) {
    return client().ask_for<ListOffsetsReply>(ListOffsets{target, spec, timestamp}).value();
  }
};

TEST_F(Reading, GoesOnFromNextOffsetUntilTheEnd) {
  start();
  const TopicPartition target = filled(50);
  RawClient reader = client();
  std::vector<StoredRecord> all;
  Offset next;
  while (next < Offset(100)) {
    const Frame frame = reader.ask(Read{target, next, 500});
    const auto& reply = std::get<ReadReply>(frame.message);
    EXPECT_LE(frame.payload.size(), 500U);
    EXPECT_EQ(reply.high_watermark, Offset(100));
    for (StoredRecord& record : records_of(frame.payload)) all.push_back(std::move(record));
    ASSERT_GT(reply.next_offset, next);
    next = reply.next_offset;
  }
  ASSERT_EQ(all.size(), 100U);
  for (std::int64_t i = 0; i < 100; ++i)
    EXPECT_EQ(all[static_cast<std::size_t>(i)], (StoredRecord{Offset(i), std::to_string(i)}));
}

TEST_F(Reading, BatchesComeWholeEvenWhereTheyAreLargerThanAskedFor) {
  start();
  const TopicPartition target = filled(3);
  const Frame frame = client().ask(Read{target, Offset(3), 0});
  EXPECT_EQ(values_of(frame.payload), (std::vector<std::string>{"2", "3"}));
  EXPECT_EQ(std::get<ReadReply>(frame.message).next_offset, Offset(4));
}

TEST_F(Reading, TheEndIsEmptyAndBeyondItIsOutOfRange) {
  start();
  const TopicPartition target = filled(2);
  const Frame end = client().ask(Read{target, Offset(4), 1000});
  EXPECT_TRUE(end.payload.empty());
  EXPECT_EQ(std::get<ReadReply>(end.message).next_offset, Offset(4));
  EXPECT_EQ(client().ask(Read{target, Offset(5), 1000}).error_code(), Errc::offset_out_of_range);
}

TEST_F(Reading, UnknownTargetsAreRefused) {
  start();
  const TopicPartition target = filled(1);
  RawClient reader = client();
  for (const native::Message& request :
       std::vector<native::Message>{Read{{TopicId{}, PartitionId(0)}, Offset(0), 1}, ListOffsets{{TopicId{}, PartitionId(0)}},
                                    native::DeleteRecords{{TopicId{}, PartitionId(0)}, Offset(0)}}) {
    EXPECT_EQ(reader.ask(request).error_code(), Errc::unknown_topic);
  }
  EXPECT_EQ(reader.ask(Read{{target.topic, PartitionId(9)}, Offset(0), 1}).error_code(), Errc::unknown_partition);
  EXPECT_EQ(reader.ask(Read{target, Offset(-1), 1}).error_code(), Errc::malformed_frame);
}

TEST_F(Reading, OffsetsAreListedByPlaceAndByTime) {
  start();
  const TopicPartition target = filled(10);
  EXPECT_EQ(list(target, OffsetSpec::earliest), (ListOffsetsReply{Offset(0), -1}));
  EXPECT_EQ(list(target, OffsetSpec::latest), (ListOffsetsReply{Offset(20), -1}));
  EXPECT_EQ(list(target, OffsetSpec::timestamp, 0), (ListOffsetsReply{Offset(0), 0}));
  EXPECT_EQ(list(target, OffsetSpec::timestamp, 3000), (ListOffsetsReply{Offset(6), 3000}));
  EXPECT_EQ(list(target, OffsetSpec::timestamp, 3001), (ListOffsetsReply{Offset(7), 3001}));
  EXPECT_EQ(list(target, OffsetSpec::timestamp, 3002), (ListOffsetsReply{Offset(8), 4000}));
  EXPECT_EQ(list(target, OffsetSpec::timestamp, 9002), (ListOffsetsReply{Offset(20), -1}));
  EXPECT_EQ(list(target, OffsetSpec::timestamp, -5), (ListOffsetsReply{Offset(0), 0}));
}

TEST_F(Reading, DeletedRecordsAreOutOfRange) {
  start();
  const TopicPartition target = filled(10);
  RawClient admin = client();
  const auto deleted = admin.ask_for<native::DeleteRecordsReply>(native::DeleteRecords{target, Offset(7)});
  EXPECT_EQ(deleted.value().log_start_offset, Offset(7));
  EXPECT_EQ(admin.ask(Read{target, Offset(6), 100}).error_code(), Errc::offset_out_of_range);
  EXPECT_EQ(std::get<ReadReply>(admin.ask(Read{target, Offset(7), 100}).message).log_start_offset, Offset(7));
  EXPECT_EQ(list(target, OffsetSpec::earliest).offset, Offset(7));
  EXPECT_EQ(list(target, OffsetSpec::timestamp, 0), (ListOffsetsReply{Offset(7), 3001}));
}

TEST_F(Reading, TheLogStartNeverGoesBack) {
  start();
  const TopicPartition target = filled(10);
  RawClient admin = client();
  const auto delete_before = [&](std::int64_t before) {
    return admin.ask_for<native::DeleteRecordsReply>(native::DeleteRecords{target, Offset(before)});
  };
  ASSERT_EQ(delete_before(7).value().log_start_offset, Offset(7));
  EXPECT_EQ(delete_before(3).value().log_start_offset, Offset(7));
  EXPECT_EQ(delete_before(21).error().code, Errc::offset_out_of_range);
  EXPECT_EQ(delete_before(20).value().log_start_offset, Offset(20));
  admin.close();
  restart();
  EXPECT_EQ(list(target, OffsetSpec::earliest).offset, Offset(20));
  EXPECT_EQ(client().publish(target, batch_of({"next"})).value().base_offset, Offset(20));
}

TEST_F(Reading, ManyReadsAtOnceAreAllAnswered) {
  start();
  const TopicPartition target = filled(20);
  RawClient reader = client();
  for (std::uint64_t i = 1; i <= 500; ++i) reader.send(Read{target, Offset(static_cast<std::int64_t>(i % 40)), 1000}, i);
  std::vector<bool> answered(501);
  for (int i = 0; i < 500; ++i) {
    const auto frame = reader.receive();
    ASSERT_TRUE(frame.has_value());
    const auto records = records_of(frame->payload);
    ASSERT_FALSE(records.empty());
    EXPECT_EQ(records.front().offset.value(), static_cast<std::int64_t>(frame->correlation % 40) / 2 * 2);
    answered[frame->correlation] = true;
  }
  EXPECT_EQ(std::ranges::count(answered, true), 500);
}

TEST_F(Reading, MessagesThatABrokerSendsAreNoRequests) {
  start();
  RawClient confused = client();
  for (const native::Message& message :
       std::vector<native::Message>{native::HelloReply{}, native::Pong{}, native::ErrorReply{}, native::Done{},
                                    native::TopicReply{}, native::TopicListReply{}, native::InitProducerReply{ProducerId(1), 0},
                                    native::PublishAcks{}, ReadReply{}, ListOffsetsReply{}, native::DeleteRecordsReply{},
                                    native::SubscribeReply{}, native::Deliver{}, native::SubscriptionEnded{}}) {
    EXPECT_EQ(confused.ask(message).error_code(), Errc::unsupported_request) << message.index();
  }
}

}  // namespace
}  // namespace leat::server
