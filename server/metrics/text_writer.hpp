#pragma once

#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "server/metrics/histogram.hpp"

namespace leat::server {

/// Writes metrics in Prometheus' text format 0.0.4: a family's head, then all of its samples.
class MetricsText {
 public:
  static constexpr std::string_view kContentType = "text/plain; version=0.0.4; charset=utf-8";
  using Label = std::pair<std::string_view, std::string_view>;
  using Labels = std::initializer_list<Label>;

  void counter(std::string_view name, std::string_view help) { begin(name, "counter", help); }
  void gauge(std::string_view name, std::string_view help) { begin(name, "gauge", help); }
  void histogram(std::string_view name, std::string_view help) { begin(name, "histogram", help); }

  /// Of the family that was begun last.
  void sample(Labels labels, std::uint64_t value);
  void sample(Labels labels, std::int64_t value);
  void sample(Labels labels, double value);
  /// `per_unit`: how many of the histogram's own units make one of the family's, 1e9 for nanoseconds told in seconds.
  void sample(Labels labels, const HistogramCounts& counts, double per_unit);

  [[nodiscard]] std::string take() { return std::move(text_); }

 private:
  void begin(std::string_view name, std::string_view type, std::string_view help);
  void append_name(std::string_view suffix, Labels labels, std::string_view bound);
  void append_label(std::string_view name, std::string_view value, bool& first);

  std::string text_;
  std::string family_;
};

}  // namespace leat::server
