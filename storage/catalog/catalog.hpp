#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "protocol/base/ids.hpp"
#include "protocol/base/result.hpp"
#include "protocol/base/uuid.hpp"
#include "storage/catalog/topic_config.hpp"
#include "storage/io/file_system.hpp"

namespace leat::storage {

struct CatalogTopic {
  std::string name;
  TopicId id;
  std::vector<LogId> logs;  ///< one a partition, in order
  TopicSettings settings;   ///< only what was set, the rest follows the broker's defaults
  TimestampMs created_ms = 0;

  friend bool operator==(const CatalogTopic&, const CatalogTopic&) = default;
};

/// What the broker knows besides records: its id, its topics, and what numbers it has given away. A value: changed as a whole and
/// then saved. Kept as JSON with a checksum line, for people with an editor and no broker (FORMAT.md, "Catalog").
struct Catalog {
  Uuid broker_id;
  LogId next_log{1};
  ProducerId next_producer{1};                 ///< ids below may have been given away
  std::map<std::string, CatalogTopic> topics;  ///< by name
  std::vector<TopicId> deleted;                ///< whose directories may still be there

  friend bool operator==(const Catalog&, const Catalog&) = default;
};

/// Durable on return.
Result<void> save_catalog(FileSystem& fs, const Path& path, const Catalog& catalog);
/// corruption when the file is damaged, unsupported_format when another version wrote it.
Result<Catalog> load_catalog(FileSystem& fs, const Path& path);

}  // namespace leat::storage
