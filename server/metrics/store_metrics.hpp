#pragma once

#include "server/metrics/histogram.hpp"

namespace leat::server {

/// What the store's threads do: the journal's thread counts its groups, whoever makes a checkpoint that; one at a time. Any
/// thread reads.
struct StoreMetrics {
  StoreMetrics();

  Histogram journal_group_bytes;  ///< as written: whole pages
  Histogram journal_group_batches;
  Histogram journal_write_time;  ///< in nanoseconds
  Histogram checkpoint_time;     ///< in nanoseconds
};

}  // namespace leat::server
