#include "bench/load/brokers.hpp"

#include <array>

#include "bench/load/nats_peer.hpp"
#include "bench/load/rabbit_peer.hpp"
#ifdef LEAT_LOAD_KAFKA
#include "bench/load/kafka_peer.hpp"
#endif
#ifdef LEAT_LOAD_REDIS
#include "bench/load/redis_peer.hpp"
#endif

namespace leat::load {
namespace {

using Make = std::unique_ptr<Peer> (*)(Target);

#ifdef LEAT_LOAD_KAFKA
constexpr Make kKafka = make_kafka_peer;
#else
constexpr Make kKafka = nullptr;
#endif
#ifdef LEAT_LOAD_REDIS
constexpr Make kRedis = [](Target target) { return make_redis_peer(std::move(target), false); };
constexpr Make kRedisPubSub = [](Target target) { return make_redis_peer(std::move(target), true); };
#else
constexpr Make kRedis = nullptr;
constexpr Make kRedisPubSub = nullptr;
#endif

constexpr std::array kBrokers{
    Broker{"kafka", "Apache Kafka, by librdkafka, acks=all", 9092, "librdkafka", kKafka, true},
    Broker{"nats", "NATS JetStream", 4222, nullptr, [](Target target) { return make_nats_peer(std::move(target), true); }},
    Broker{"nats-core", "NATS without JetStream: keeps nothing", 4222, nullptr,
           [](Target target) { return make_nats_peer(std::move(target), false); }},
    Broker{"rabbitmq", "RabbitMQ Streams, by their own protocol", 5552, nullptr, make_rabbit_peer, true},
    Broker{"redis", "Redis Streams, by hiredis", 6379, "hiredis", kRedis},
    Broker{"redis-pubsub", "Redis pub/sub, by hiredis: keeps nothing", 6379, "hiredis", kRedisPubSub},
};

}  // namespace

std::span<const Broker> brokers() { return kBrokers; }

const Broker* find_broker(std::string_view name) {
  for (const auto& broker : kBrokers) {
    if (broker.name == name) return &broker;
  }
  return nullptr;
}

}  // namespace leat::load
