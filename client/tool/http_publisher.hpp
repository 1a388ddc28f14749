#pragma once

#include <memory>
#include <optional>
#include <string>

#include "client/src/endpoint.hpp"
#include "client/tool/deliveries.hpp"
#include "leat/producer.hpp"
#include "protocol/base/result.hpp"

namespace leat::tool {

/// Publishes by POST /v1/topics/{topic}/events on one kept-alive HTTP/1.1 connection: each record is a request of its own, a few
/// of them ahead of their answers. Nothing is sent twice: what was not answered when the connection broke may or may not be
/// stored. One thread, but for abort().
class HttpPublisher {
 public:
  HttpPublisher(client::Endpoint endpoint, std::string topic, AckLevel level);
  ~HttpPublisher();
  HttpPublisher(const HttpPublisher&) = delete;
  HttpPublisher& operator=(const HttpPublisher&) = delete;

  /// Errors: connection_failed.
  Result<void> connect();
  /// Makes sure that there is the topic; true when it had to be made. Errors: unknown_topic when it may not be made.
  Result<bool> find_topic(bool create);

  /// What a record says besides its bytes goes into the request: the key and the partition into the query, `content-type` and the
  /// attributes of a CloudEvent (`ce_NAME`) into fields. Its outcome is told to `deliveries` by a later call of this or of
  /// flush(). An error is the connection's: nothing more can be sent.
  Result<void> send(const OutgoingRecord& record, Deliveries& deliveries);
  Result<void> flush(Deliveries& deliveries);

  /// Any thread: what waits ends with connection_lost.
  void abort();

 private:
  class Http;

  Result<void> take_answer(Deliveries& deliveries);

  const client::Endpoint endpoint_;
  const std::string topic_;
  const AckLevel level_;
  const std::unique_ptr<Http> http_;
  std::size_t unanswered_ = 0;
};

/// Whether HttpPublisher can send a record with such a header.
bool is_http_header(std::string_view name, std::string_view value);

}  // namespace leat::tool
