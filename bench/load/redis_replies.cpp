#include "bench/load/redis_replies.hpp"

namespace leat::load {
namespace {

unsigned depth_of(const redisReadTask* task) {
  unsigned depth = 0;
  for (const auto* at = task->parent; at != nullptr; at = at->parent) ++depth;
  return depth;
}

/// hiredis takes null for "out of memory"; the object itself is never looked at.
void* made(const redisReadTask* task) { return task->privdata; }

class Collected final : public RedisReplySink {
 public:
  void on_string(unsigned, int, std::string_view text) override { words.emplace_back(text); }
  void on_integer(unsigned, int, std::int64_t number) override { words.push_back(std::to_string(number)); }
  std::vector<std::string> words;
};

}  // namespace

RedisReplies::RedisReplies(RedisReplySink& sink) : sink_(sink), reader_(redisReaderCreateWithFunctions(&functions_)) {
  reader_->privdata = this;
  reader_->maxbuf = 0;  // the buffer is kept when it is empty
}

redisReplyObjectFunctions RedisReplies::functions() {
  redisReplyObjectFunctions functions{};
  functions.createString = [](const redisReadTask* task, char* text, size_t length) {
    RedisReplies& replies = self(task);
    if (task->type == REDIS_REPLY_ERROR) {
      if (!replies.failure_) replies.failure_ = Error(Errc::invalid_argument, std::string(text, length));
    } else {
      replies.sink_.on_string(depth_of(task), task->idx, {text, length});
    }
    return made(task);
  };
  functions.createArray = [](const redisReadTask* task, int) { return made(task); };
  functions.createInteger = [](const redisReadTask* task, long long number) {
    self(task).sink_.on_integer(depth_of(task), task->idx, number);
    return made(task);
  };
  functions.createNil = [](const redisReadTask* task) { return made(task); };
  functions.freeObject = [](void*) {};
  return functions;
}

Result<std::uint64_t> RedisReplies::take(Wire& wire) {
  const ByteSpan arrived = wire.received();
  if (redisReaderFeed(reader_.get(), reinterpret_cast<const char*>(arrived.data()), arrived.size()) != REDIS_OK) {
    return Error(Errc::malformed_frame, reader_->errstr);
  }
  wire.consume(arrived.size());
  for (std::uint64_t replies = 0;; ++replies) {
    void* reply = nullptr;
    if (redisReaderGetReply(reader_.get(), &reply) != REDIS_OK) return Error(Errc::malformed_frame, reader_->errstr);
    if (failure_) return *failure_;
    if (reply == nullptr) return replies;
  }
}

void append_redis_command(Wire& wire, const std::vector<std::string>& words) {
  std::vector<const char*> texts;
  std::vector<std::size_t> lengths;
  for (const auto& word : words) {
    texts.push_back(word.data());
    lengths.push_back(word.size());
  }
  char* command = nullptr;
  const int length = redisFormatCommandArgv(&command, static_cast<int>(words.size()), texts.data(), lengths.data());
  if (length < 0) throw std::bad_alloc();
  wire.out().append(command, static_cast<std::size_t>(length));
  redisFreeCommand(command);
}

Result<std::vector<std::string>> ask_redis(Wire& wire, const std::vector<std::vector<std::string>>& commands) {
  for (const auto& command : commands) append_redis_command(wire, command);
  Collected collected;
  RedisReplies replies(collected);
  const Time deadline = answer_deadline();
  for (std::uint64_t answered = 0; answered < commands.size();) {
    LEAT_TRY(wire.wait_for_answer(deadline));
    LEAT_ASSIGN(const auto more, replies.take(wire));
    answered += more;
  }
  return std::move(collected.words);
}

}  // namespace leat::load
