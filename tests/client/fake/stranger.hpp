#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>
#include <string>
#include <thread>
#include <vector>

namespace leat::testing {

/// Says something that is not leat's protocol to whoever connects.
class Stranger {
 public:
  explicit Stranger(std::string greeting) : greeting_(std::move(greeting)) {
    accept();
    thread_ = std::thread([this] { context_.run(); });
  }
  ~Stranger() {
    boost::asio::post(context_, [this] { acceptor_.close(); });
    thread_.join();
  }
  Stranger(const Stranger&) = delete;
  Stranger& operator=(const Stranger&) = delete;

  [[nodiscard]] std::string address() const { return "127.0.0.1:" + std::to_string(acceptor_.local_endpoint().port()); }

 private:
  void accept() {
    acceptor_.async_accept([this](const boost::system::error_code& problem, boost::asio::ip::tcp::socket socket) {
      if (problem) return;
      sockets_.push_back(std::move(socket));
      boost::system::error_code gone_already;
      boost::asio::write(sockets_.back(), boost::asio::buffer(greeting_), gone_already);
      accept();
    });
  }

  const std::string greeting_;
  boost::asio::io_context context_;
  boost::asio::ip::tcp::acceptor acceptor_{context_, {boost::asio::ip::address_v4::loopback(), 0}};
  std::vector<boost::asio::ip::tcp::socket> sockets_;
  std::thread thread_;
};

}  // namespace leat::testing
