#pragma once

namespace leat::record {

/// The broker recognises a repetition among so many last batches of an idempotent producer in a partition; so many a producer may
/// have unacknowledged there.
inline constexpr int kInFlightBatchesMax = 10;

}  // namespace leat::record
