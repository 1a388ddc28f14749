#pragma once

#include <memory>
#include <string>

#include "protocol/base/bytes.hpp"
#include "server/net/byte_budget.hpp"

namespace leat::server {

/// The text of a response, which keeps its share of the memory for what waits to be sent until the peer has taken it. The share
/// is made to fit.
inline SharedBytes text_body(std::string text, ByteBudget::Share share) {
  struct Body {
    std::string text;
    ByteBudget::Share share;
  };
  auto body = std::make_shared<Body>(Body{std::move(text), std::move(share)});
  body->share.resize(body->text.size());
  const ByteSpan bytes = as_bytes(body->text);
  return {std::move(body), bytes};
}

}  // namespace leat::server
