#pragma once

#include <boost/beast/http/message.hpp>
#include <boost/optional/optional.hpp>
#include <vector>

#include "protocol/base/bytes.hpp"

namespace leat::server {

/// A Beast body of pieces of memory that others may share: sent from where they are.
struct SharedBody {
  using value_type = std::vector<SharedBytes>;

  static std::uint64_t size(const value_type& pieces) {
    std::uint64_t bytes = 0;
    for (const SharedBytes& piece : pieces) bytes += piece.size();
    return bytes;
  }

  class writer {  // NOLINT(readability-identifier-naming): Beast's name
   public:
    using const_buffers_type = std::vector<boost::asio::const_buffer>;

    template <bool isRequest, class Fields>
    writer(const boost::beast::http::header<isRequest, Fields>& /*head*/, const value_type& pieces) : pieces_(pieces) {}

    void init(boost::beast::error_code& error) { error = {}; }
    boost::optional<std::pair<const_buffers_type, bool>> get(boost::beast::error_code& error) {
      error = {};
      const_buffers_type buffers;
      for (const SharedBytes& piece : pieces_) buffers.emplace_back(piece.span().data(), piece.size());
      return {{std::move(buffers), false}};
    }

   private:
    const value_type& pieces_;
  };
};

}  // namespace leat::server
