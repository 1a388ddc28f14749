#pragma once

#include <string>
#include <vector>

#include "protocol/record/batch_builder.hpp"

namespace leat::bench {

/// Values of so many bytes that look like events: text whose field names repeat and whose numbers do not. The same ones every
/// time.
std::vector<std::string> sample_values(std::size_t count, std::size_t value_bytes);

/// A batch of at most so many bytes before compression, filled with sample values.
std::vector<std::byte> sample_batch(std::size_t batch_bytes, std::size_t value_bytes, record::Codec codec = record::Codec::none);

}  // namespace leat::bench
