#pragma once

#include <boost/json/fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/base/result.hpp"
#include "protocol/cloudevents/record_mapping.hpp"

namespace leat::cloudevents {

/// Which records a subscriber wants, in the dialects of the CloudEvents Subscriptions API that need no expression language:
///
///     {"all": [{"prefix": {"type": "order."}}, {"not": {"exact": {"$key": "42"}}}]}
///
/// `exact`, `prefix` and `suffix` hold names and values, all of which must fit; `all` and `any` hold filters, `not` holds one. A
/// name is a CloudEvents attribute (of a record that is no event: as event_of describes it), `$key`, or `$header.<name>`. Values
/// compare as text; a name that the record does not have fits nothing. Immutable; any thread.
class Filter {
 public:
  /// invalid_argument for anything else, for more than 8 levels, more than 100 conditions, and more than 64 KiB of names and
  /// values.
  static Result<Filter> parse(const boost::json::value& json);
  /// Of JSON text, which is itself at most 64 KiB.
  static Result<Filter> parse_json(std::string_view text);

  [[nodiscard]] bool matches(const record::RecordView& record, const RecordPlace& place) const;

 private:
  enum class Kind { exact, prefix, suffix, all, any, negated };
  struct Parser;
  class Fields;

  [[nodiscard]] bool matches(Fields& fields) const;

  Kind kind_ = Kind::all;
  std::string name_;   ///< of exact, prefix and suffix
  std::string value_;  ///< likewise
  std::vector<Filter> parts_;
};

}  // namespace leat::cloudevents
