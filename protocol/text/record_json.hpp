#pragma once

#include <string>

#include "protocol/record/record_view.hpp"

namespace leat {

/// Appends the members of a record's JSON object, without its braces: `offset`, `timestamp` (ms), `key` and `value` (null where
/// the record has none; `key_base64` and `value_base64` where they are not UTF-8), `headers` as [{"name":...,"value":...}], as
/// names may repeat.
void append_record_members(std::string& out, const record::RecordView& record);

}  // namespace leat
