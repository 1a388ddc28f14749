#include "server/http/http_date.hpp"

#include <array>

namespace leat::server {
namespace {

// Not strftime's: those are in the language of the process.
constexpr std::array kDays{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
constexpr std::array kMonths{"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

void append_two_digits(std::string& out, int number) {
  if (number < 10) out += '0';
  out += std::to_string(number);
}

}  // namespace

std::string http_date(std::time_t time) {
  std::tm parts{};
  ::gmtime_r(&time, &parts);
  std::string date(kDays[static_cast<std::size_t>(parts.tm_wday)]);
  date += ", ";
  append_two_digits(date, parts.tm_mday);
  date.append(" ").append(kMonths[static_cast<std::size_t>(parts.tm_mon)]).append(" ");
  date += std::to_string(parts.tm_year + 1900) + " ";
  append_two_digits(date, parts.tm_hour);
  date += ':';
  append_two_digits(date, parts.tm_min);
  date += ':';
  append_two_digits(date, parts.tm_sec);
  return date + " GMT";
}

}  // namespace leat::server
