#include <benchmark/benchmark.h>

#include "protocol/native/codec.hpp"

namespace leat::bench {
namespace {

constexpr std::size_t kPayloadBytes = 16 << 10;
constexpr std::size_t kFrameBytesMax = 8 << 20;

native::TopicPartition target() {
  native::TopicPartition target;
  target.topic.bytes.fill(7);
  target.partition = PartitionId(3);
  return target;
}

native::PublishAcks acks(std::int64_t count) {
  native::PublishAcks acks;
  for (std::int64_t i = 0; i < count; ++i) {
    acks.acks.push_back({static_cast<std::uint64_t>(i), Offset(1000 + 16 * i), native::AckLevel::durable, false});
  }
  return acks;
}

/// The payload is not encoded but sent as it is, so the bytes are the header's alone.
void encode(benchmark::State& state, const native::Message& message, std::size_t payload_bytes) {
  std::vector<std::byte> out;
  std::int64_t bytes = 0;
  for (auto _ : state) {
    out.clear();
    native::encode_frame(message, 42, payload_bytes, out);
    benchmark::DoNotOptimize(out.data());
    bytes += static_cast<std::int64_t>(out.size());
  }
  state.SetItemsProcessed(state.iterations());
  state.SetBytesProcessed(bytes);
}

/// From the bytes that were read to the message; the payload is looked at by nobody here.
void decode(benchmark::State& state, const native::Message& message, std::size_t payload_bytes) {
  std::vector<std::byte> frame;
  native::encode_frame(message, 42, payload_bytes, frame);
  frame.resize(frame.size() + payload_bytes);
  for (auto _ : state) {
    const auto found = std::get<native::FrameView>(native::next_frame(frame, kFrameBytesMax).value());
    benchmark::DoNotOptimize(native::decode_header(found.header).value());
  }
  state.SetItemsProcessed(state.iterations());
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(frame.size() - payload_bytes));
}

void publish_encode(benchmark::State& state) {
  encode(state, native::Publish{target(), native::AckLevel::durable}, kPayloadBytes);
}
BENCHMARK(publish_encode);

void publish_decode(benchmark::State& state) {
  decode(state, native::Publish{target(), native::AckLevel::durable}, kPayloadBytes);
}
BENCHMARK(publish_decode);

void acks_encode(benchmark::State& state) { encode(state, acks(state.range(0)), 0); }
BENCHMARK(acks_encode)->Arg(1)->Arg(64);

void acks_decode(benchmark::State& state) { decode(state, acks(state.range(0)), 0); }
BENCHMARK(acks_decode)->Arg(1)->Arg(64);

void deliver_encode(benchmark::State& state) { encode(state, native::Deliver{1, Offset(1000), Offset(2000)}, kPayloadBytes); }
BENCHMARK(deliver_encode);

void deliver_decode(benchmark::State& state) { decode(state, native::Deliver{1, Offset(1000), Offset(2000)}, kPayloadBytes); }
BENCHMARK(deliver_decode);

}  // namespace
}  // namespace leat::bench
