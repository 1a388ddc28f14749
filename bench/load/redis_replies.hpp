#pragma once

#include <hiredis/hiredis.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bench/load/wire.hpp"

namespace leat::load {

/// What a reply of Redis consists of, as it is parsed. `depth` is 0 for a reply that is no array, `index` the place in its array.
class RedisReplySink {
 public:
  virtual ~RedisReplySink() = default;
  virtual void on_string(unsigned depth, int index, std::string_view text) = 0;
  virtual void on_integer(unsigned depth, int index, std::int64_t number) = 0;
};

/// Parses what arrives on a wire with hiredis's reader. One thread.
class RedisReplies {
 public:
  explicit RedisReplies(RedisReplySink& sink);

  /// Consumes all that has arrived and returns how many replies ended with it. Errors of Redis are errors.
  Result<std::uint64_t> take(Wire& wire);

 private:
  struct Free {
    void operator()(redisReader* reader) const { redisReaderFree(reader); }
  };
  static redisReplyObjectFunctions functions();
  static RedisReplies& self(const redisReadTask* task) { return *static_cast<RedisReplies*>(task->privdata); }

  RedisReplySink& sink_;
  redisReplyObjectFunctions functions_ = functions();
  std::unique_ptr<redisReader, Free> reader_;
  std::optional<Error> failure_;
};

/// Appends a command to the wire's output.
void append_redis_command(Wire& wire, const std::vector<std::string>& words);

/// Sends commands and waits for their answers; returns the strings and integers in them, in order.
Result<std::vector<std::string>> ask_redis(Wire& wire, const std::vector<std::vector<std::string>>& commands);

}  // namespace leat::load
