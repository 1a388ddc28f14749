#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <condition_variable>
#include <mutex>
#include <string>
#include <vector>

#include "leat/client.hpp"
#include "leat/consumer.hpp"
#include "leat/producer.hpp"
#include "tests/client/fake/fake_broker.hpp"

namespace leat::testing {

/// Collects what delivery callbacks say, in the order of the calls.
class Outcomes {
 public:
  DeliveryCallback callback(std::string name) {
    return [this, name = std::move(name)](const Result<Delivery>& delivery) {
      const std::lock_guard lock(mutex_);
      all_.push_back(name + (delivery.has_value() ? "@" + std::to_string(delivery->offset.value())
                                                  : "!" + std::string(name_of(delivery.error().code))));
      changed_.notify_all();
    };
  }
  /// Blocks until there are as many.
  std::vector<std::string> wait(std::size_t count) {
    std::unique_lock lock(mutex_);
    EXPECT_TRUE(changed_.wait_for(lock, std::chrono::seconds(60), [&] { return all_.size() >= count; }));
    return all_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> all_;
};

/// A client of a fake broker, quick to reconnect and to retry.
class BrokerTest : public ::testing::Test {
 protected:
  static constexpr auto kSoon = std::chrono::milliseconds(60);

  ClientOptions options() const {
    ClientOptions options;
    options.url = broker.url();
    options.reconnect_backoff_min = std::chrono::milliseconds(1);
    options.reconnect_backoff_max = std::chrono::milliseconds(10);
    return options;
  }
  static ProducerOptions producer_options() {
    ProducerOptions options;
    options.retry_backoff_min = std::chrono::milliseconds(1);
    options.retry_backoff_max = std::chrono::milliseconds(10);
    return options;
  }
  /// One record a batch, so that tests say what a batch is.
  static ProducerOptions single_record_batches() {
    ProducerOptions options = producer_options();
    options.batch_bytes_max = 1;
    return options;
  }
  static std::vector<std::string> numbers(int count) {
    std::vector<std::string> texts;
    for (int i = 0; i < count; ++i) texts.push_back(std::to_string(i));
    return texts;
  }
  static void send_numbers(Producer& producer, const std::string& topic, int count, Outcomes* outcomes = nullptr) {
    for (const std::string& text : numbers(count)) {
      ASSERT_TRUE(producer.send(topic, OutgoingRecord::text(text), outcomes ? outcomes->callback(text) : DeliveryCallback()));
    }
  }
  /// Values of the next records until there are `count`.
  static std::vector<std::string> receive(Consumer& consumer, std::size_t count) {
    std::vector<std::string> values;
    while (values.size() < count) {
      const auto batch = consumer.next_for(std::chrono::seconds(60));
      if (batch.has_error()) {
        values.push_back(batch.error().message());
        break;
      }
      for (const RecordView& record : *batch) values.emplace_back(record.value ? as_text(*record.value) : "null");
    }
    return values;
  }

  FakeBroker broker;
};

}  // namespace leat::testing
