#include "server/metrics/store_metrics.hpp"

#include <array>

namespace leat::server {
namespace {

constexpr std::uint64_t kKiB = 1024;
constexpr std::uint64_t kMs = 1'000'000;
constexpr std::array<std::uint64_t, 9> kGroupBytes{4 * kKiB,   8 * kKiB,   16 * kKiB,  32 * kKiB,  64 * kKiB,
                                                   128 * kKiB, 256 * kKiB, 512 * kKiB, 1024 * kKiB};
constexpr std::array<std::uint64_t, 12> kGroupBatches{1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 4096};
constexpr std::array<std::uint64_t, 14> kWriteNs{kMs / 20, kMs / 10, kMs / 4,  kMs / 2,   1 * kMs,   5 * kMs / 2, 5 * kMs,
                                                 10 * kMs, 25 * kMs, 50 * kMs, 100 * kMs, 250 * kMs, 1'000 * kMs, 5'000 * kMs};
constexpr std::array<std::uint64_t, 11> kCheckpointNs{1 * kMs,   5 * kMs,     10 * kMs,    25 * kMs,     50 * kMs,    100 * kMs,
                                                      250 * kMs, 1'000 * kMs, 2'500 * kMs, 10'000 * kMs, 60'000 * kMs};

}  // namespace

StoreMetrics::StoreMetrics()
    : journal_group_bytes(kGroupBytes),
      journal_group_batches(kGroupBatches),
      journal_write_time(kWriteNs),
      checkpoint_time(kCheckpointNs) {}

}  // namespace leat::server
