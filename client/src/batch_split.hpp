#pragma once

#include "client/src/outgoing_batch.hpp"
#include "protocol/base/result.hpp"

namespace leat::client {

struct BatchHalves {
  BatchPtr first;
  BatchPtr second;
};

/// Two batches of the records of one that the broker found too large: they continue its sequence, so that what was sent behind it
/// keeps its own. The callbacks move over; after an error `batch` is as it was. It has more than one record.
Result<BatchHalves> split_batch(OutgoingBatch& batch);

}  // namespace leat::client
