#include "protocol/cloudevents/json_span.hpp"

#include <algorithm>
#include <boost/json/basic_parser_impl.hpp>

namespace leat::cloudevents {
namespace {

/// Takes every event of the parser and keeps none: what is left is the check.
struct NullHandler {
  // NOLINTBEGIN(readability-identifier-naming): Boost.JSON's names
  static constexpr std::size_t max_object_size = std::size_t(-1);
  static constexpr std::size_t max_array_size = std::size_t(-1);
  static constexpr std::size_t max_key_size = std::size_t(-1);
  static constexpr std::size_t max_string_size = std::size_t(-1);
  // NOLINTEND(readability-identifier-naming)
  using error_code = boost::system::error_code;
  using view = boost::json::string_view;

  static bool on_document_begin(error_code&) { return true; }
  static bool on_document_end(error_code&) { return true; }
  static bool on_object_begin(error_code&) { return true; }
  static bool on_object_end(std::size_t, error_code&) { return true; }
  static bool on_array_begin(error_code&) { return true; }
  static bool on_array_end(std::size_t, error_code&) { return true; }
  static bool on_key_part(view, std::size_t, error_code&) { return true; }
  static bool on_key(view, std::size_t, error_code&) { return true; }
  static bool on_string_part(view, std::size_t, error_code&) { return true; }
  static bool on_string(view, std::size_t, error_code&) { return true; }
  static bool on_number_part(view, error_code&) { return true; }
  static bool on_int64(std::int64_t, view, error_code&) { return true; }
  static bool on_uint64(std::uint64_t, view, error_code&) { return true; }
  static bool on_double(double, view, error_code&) { return true; }
  static bool on_bool(bool, error_code&) { return true; }
  static bool on_null(error_code&) { return true; }
  static bool on_comment_part(view, error_code&) { return true; }
  static bool on_comment(view, error_code&) { return true; }
};

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

/// Positions within a well-formed text; stops at its end whatever it holds.
class Walker {
 public:
  explicit Walker(std::string_view text) : text_(text) {}

  void skip_space() {
    while (at_ < text_.size() && is_space(text_[at_])) ++at_;
  }
  bool take(char c) {
    skip_space();
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  std::string_view value() {
    skip_space();
    const std::size_t begin = at_;
    std::size_t depth = 0;
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (c == '"') {
        skip_string();
      } else if (c == '{' || c == '[') {
        ++depth;
        ++at_;
      } else if (c == '}' || c == ']') {
        if (depth == 0) break;
        --depth;
        ++at_;
      } else if (depth == 0 && (c == ',' || c == ':' || is_space(c))) {
        break;
      } else {
        ++at_;
      }
      if (depth == 0 && (c == '"' || c == '}' || c == ']')) break;
    }
    return text_.substr(begin, at_ - begin);
  }

 private:
  void skip_string() {
    for (++at_; at_ < text_.size() && text_[at_] != '"'; ++at_) {
      if (text_[at_] == '\\') ++at_;
    }
    at_ = std::min(at_ + 1, text_.size());
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

}  // namespace

void for_each_json_member(std::string_view object, const JsonMember& member) {
  Walker walker(object);
  if (!walker.take('{') || walker.take('}')) return;
  do {
    const std::string_view name = walker.value();
    if (name.size() < 2 || !walker.take(':')) return;
    member(name.substr(1, name.size() - 2), walker.value());
  } while (walker.take(','));
}

void for_each_json_element(std::string_view array, const JsonElement& element) {
  Walker walker(array);
  if (!walker.take('[') || walker.take(']')) return;
  do {
    element(walker.value());
  } while (walker.take(','));
}

bool is_json(std::string_view text) {
  boost::json::basic_parser<NullHandler> parser{boost::json::parse_options{}};
  boost::system::error_code error;
  const std::size_t used = parser.write_some(false, text.data(), text.size(), error);
  return !error && used == text.size();
}

}  // namespace leat::cloudevents
