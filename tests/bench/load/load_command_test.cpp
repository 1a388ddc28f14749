#include "bench/load/load_command.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace leat::load {
namespace {

using testing::HasSubstr;
using tool::EarlyExit;
using tool::ExitCode;

LoadCommand parsed(const std::vector<std::string>& arguments) {
  auto result = parse_load_command(arguments);
  if (const auto* early = std::get_if<EarlyExit>(&result)) {
    ADD_FAILURE() << early->text;
    return {};
  }
  return std::get<LoadCommand>(result);
}

EarlyExit refused(const std::vector<std::string>& arguments) {
  auto result = parse_load_command(arguments);
  if (const auto* early = std::get_if<EarlyExit>(&result)) return *early;
  ADD_FAILURE() << "understood";
  return {};
}

TEST(LoadCommand, HasTheOptionsAndDefaultsOfLeatBench) {
  const auto e2e = parsed({"nats", "e2e", "t", "--size", "100", "--records=5000"});
  EXPECT_EQ(e2e.bench->kind, tool::BenchKind::e2e);
  EXPECT_EQ(e2e.bench->topic, "t");
  EXPECT_EQ(e2e.bench->size_bytes, 100U);
  EXPECT_EQ(e2e.bench->records, 5000U);
  EXPECT_EQ(e2e.bench->warmup_records, 500U);
  EXPECT_EQ(e2e.bench->rate, 10'000);
  EXPECT_EQ(parsed({"nats", "pub", "t"}).bench->in_flight, 5000U);
  EXPECT_EQ(parsed({"nats", "fan", "t"}).bench->in_flight, 200U);
}

TEST(LoadCommand, GoesToTheBrokersUsualPortUnlessToldOtherwise) {
  const auto usual = parsed({"rabbitmq", "sub", "t"}).target;
  EXPECT_EQ(usual.address.host, "127.0.0.1");
  EXPECT_EQ(usual.address.port, 5552);
  EXPECT_EQ(usual.topic, "t");
  const auto other = parsed({"rabbitmq", "sub", "t", "--server", "there:99"}).target.address;
  EXPECT_EQ(other.host, "there");
  EXPECT_EQ(other.port, 99);
}

TEST(LoadCommand, CreatesTopicsOfSeveralPartitions) {
  const auto create = parsed({"nats", "create", "t", "--partitions", "16"});
  EXPECT_FALSE(create.bench);
  EXPECT_EQ(create.partitions, 16U);
}

TEST(LoadCommand, ABatchWaitsAsLongAsIsSaid) {
  if (find_broker("kafka")->make == nullptr) GTEST_SKIP() << "built without librdkafka";
  EXPECT_EQ(parsed({"kafka", "pub", "t"}).linger_ms, std::nullopt);
  EXPECT_EQ(parsed({"kafka", "pub", "t", "--linger-ms", "0.3"}).linger_ms, 0.3);
  EXPECT_EQ(parsed({"kafka", "e2e", "t", "--rate", "5", "--linger-ms", "0"}).linger_ms, 0.0);
  for (const char* wrong : {"soon", "-1", "1001", "nan"}) {
    EXPECT_THAT(refused({"kafka", "pub", "t", "--linger-ms", wrong}).text, HasSubstr("expected a number of at most 1000"));
  }
}

TEST(LoadCommand, WhatCannotBeMeantIsRefusedInOneLine) {
  for (const std::vector<std::string>& arguments :
       std::vector<std::vector<std::string>>{{},
                                             {"nats"},
                                             {"nats", "pub"},
                                             {"carrierpigeon", "pub", "t"},
                                             {"nats", "frobnicate", "t"},
                                             {"--records", "5", "nats", "pub", "t"},
                                             {"nats", "pub", "t", "--frobnicate"},
                                             {"nats", "pub", "t", "--server", "nowhere"},
                                             {"nats", "pub", "t", "--server", "host:0"},
                                             {"nats", "pub", "t", "--ack", "written"},
                                             {"nats", "pub", "t", "--compress", "zstd"},
                                             {"nats", "sub", "t", "--rate", "5"},
                                             {"nats", "sub", "t", "--spread"},
                                             {"nats", "pub", "t", "--linger-ms", "1"},
                                             {"kafka", "sub", "t", "--linger-ms", "1"},
                                             {"nats", "pub", "t", "--version"},
                                             {"nats", "create", "t", "--records", "5"},
                                             {"nats", "create", "t", "--partitions", "none"}}) {
    const auto early = refused(arguments);
    EXPECT_EQ(early.code, ExitCode::usage) << testing::PrintToString(arguments);
    EXPECT_THAT(early.text, testing::StartsWith("leat_bench_load: ")) << testing::PrintToString(arguments);
    EXPECT_EQ(early.text.find('\n'), early.text.size() - 1) << early.text;
  }
}

TEST(LoadCommand, TheRefusalOfABrokerNamesThoseThereAre) {
  const auto text = refused({"carrierpigeon", "pub", "t"}).text;
  for (const auto& broker : brokers()) EXPECT_THAT(text, HasSubstr(broker.name));
}

TEST(LoadCommand, ABrokerWithoutItsLibraryIsRefusedByNamingIt) {
  for (const auto& broker : brokers()) {
    if (broker.make != nullptr) continue;
    EXPECT_THAT(refused({broker.name, "pub", "t"}).text, HasSubstr(broker.client_library));
  }
}

TEST(LoadCommand, HelpSaysWhichBrokersAreBuiltIn) {
  const auto help = refused({"--help"});
  EXPECT_EQ(help.code, ExitCode::done);
  EXPECT_THAT(help.text, HasSubstr("nats, nats-core, rabbitmq"));
}

}  // namespace
}  // namespace leat::load
