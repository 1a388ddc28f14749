#include "server/metrics/text_writer.hpp"

#include <array>
#include <charconv>
#include <cmath>

namespace leat::server {
namespace {

/// In HELP a quotation mark stands for itself, in a label's value it does not.
void append_escaped(std::string& out, std::string_view text, bool in_quotes) {
  for (const char c : text) {
    if (c == '\\') {
      out += "\\\\";
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '"' && in_quotes) {
      out += "\\\"";
    } else {
      out += c;
    }
  }
}

/// The shortest that reads back as the same number.
std::string number(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
  std::array<char, 32> digits;
  const auto [end, error] = std::to_chars(digits.data(), digits.data() + digits.size(), value);
  return {digits.data(), error == std::errc() ? end : digits.data()};
}

}  // namespace

void MetricsText::begin(std::string_view name, std::string_view type, std::string_view help) {
  family_ = name;
  text_.append("# HELP ").append(name).append(" ");
  append_escaped(text_, help, false);
  text_.append("\n# TYPE ").append(name).append(" ").append(type).append("\n");
}

void MetricsText::append_label(std::string_view name, std::string_view value, bool& first) {
  text_ += first ? '{' : ',';
  first = false;
  text_.append(name).append("=\"");
  append_escaped(text_, value, true);
  text_ += '"';
}

void MetricsText::append_name(std::string_view suffix, Labels labels, std::string_view bound) {
  text_.append(family_).append(suffix);
  bool first = true;
  for (const auto& [name, value] : labels) append_label(name, value, first);
  if (!bound.empty()) append_label("le", bound, first);
  if (!first) text_ += '}';
  text_ += ' ';
}

void MetricsText::sample(Labels labels, std::uint64_t value) {
  append_name("", labels, "");
  text_.append(std::to_string(value)).append("\n");
}

void MetricsText::sample(Labels labels, std::int64_t value) {
  append_name("", labels, "");
  text_.append(std::to_string(value)).append("\n");
}

void MetricsText::sample(Labels labels, double value) {
  append_name("", labels, "");
  text_.append(number(value)).append("\n");
}

void MetricsText::sample(Labels labels, const HistogramCounts& counts, double per_unit) {
  std::uint64_t so_far = 0;
  for (std::size_t i = 0; i < counts.in_bucket.size(); ++i) {
    so_far += counts.in_bucket[i];
    // Divided, so that 2500 us is 0.0025 s to the last digit.
    const bool is_last = i == counts.bounds.size();
    append_name("_bucket", labels, is_last ? "+Inf" : number(static_cast<double>(counts.bounds[i]) / per_unit));
    text_.append(std::to_string(so_far)).append("\n");
  }
  append_name("_sum", labels, "");
  text_.append(number(static_cast<double>(counts.sum) / per_unit)).append("\n");
  append_name("_count", labels, "");
  text_.append(std::to_string(so_far)).append("\n");
}

}  // namespace leat::server
