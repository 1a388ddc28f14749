#pragma once

#include <optional>

#include "protocol/cloudevents/filter.hpp"
#include "server/http/message.hpp"
#include "server/session/start_position.hpp"

namespace leat::server {

/// What a query says about the records that are wanted.
struct StreamRequest {
  std::optional<PartitionId> partition;
  std::optional<StartPosition> from;  ///< none if `from=none`
  std::optional<cloudevents::Filter> filter;
};

/// Of `from` (`latest` when it is missing), `partition` and `filter` (JSON). invalid_argument.
Result<StreamRequest> parse_stream_request(const HttpRequest& request);

/// The number of a partition in a path or a query. invalid_argument.
Result<PartitionId> parse_partition(std::string_view text);

}  // namespace leat::server
