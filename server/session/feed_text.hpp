#pragma once

#include <span>
#include <string>

#include "server/session/record_feed.hpp"

/// What leat.json.v1 and server-sent events say in the same words: members of a JSON object, without its braces.
namespace leat::server {

/// `"topic":"orders","partition":1`.
void append_place(std::string& out, const RecordFeed::Part& part);
/// `"code":"unknown_topic","message":"...","retriable":false`, as a peer may know it.
void append_error(std::string& out, const Error& error);
/// `"partitions":[{"topic":"orders","partition":1,"from":12}]`: where a subscription begins.
void append_starts(std::string& out, std::span<const RecordFeed::Part> parts);
/// The members of `skipped`: a place, `next`, an error.
void append_skipped(std::string& out, const RecordFeed::Part& part, Offset next, const Error& error);
/// The members of `ended`: a place, an error.
void append_ended(std::string& out, const RecordFeed::Part& part, const Error& error);

}  // namespace leat::server
