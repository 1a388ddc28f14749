#include "client/tool/publishing.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>

#include "client/tool/line_reader.hpp"
#include "client/tool/text_table.hpp"

namespace leat::tool {

RecordSource::RecordSource(const Pub& command, const Deliveries& deliveries, Sink sink)
    : command_(command), deliveries_(deliveries), sink_(std::move(sink)) {
  format_.key_delimiter = command.key_delimiter;
  format_.timestamp_prefix = command.timestamp_prefix;
  for (const auto& header : command.headers) headers_.push_back({header.name, as_bytes(header.value)});
}

Result<void> RecordSource::send_all(const Interrupt& interrupt, std::size_t line_bytes_max) {
  return command_.messages.empty() ? send_lines(interrupt, line_bytes_max) : send_messages(interrupt);
}

Result<void> RecordSource::send_messages(const Interrupt& interrupt) {
  for (std::size_t i = 0; i < command_.messages.size() && !interrupt.requested() && !deliveries_.has_failure(); ++i) {
    LEAT_TRY(send(command_.messages[i], "message ", i + 1));
  }
  return ok();
}

Result<void> RecordSource::send_lines(const Interrupt& interrupt, std::size_t line_bytes_max) {
  DescriptorSource input(STDIN_FILENO, interrupt.fd());
  LineReader lines(input, line_bytes_max);
  while (!interrupt.requested() && !deliveries_.has_failure()) {
    auto line = lines.next();
    if (line.has_error() && line.error().code == Errc::cancelled) return ok();
    if (line.has_error()) return std::move(line).error();
    if (!*line) return ok();
    LEAT_TRY(send(**line, "line ", lines.line_number()));
  }
  return ok();
}

Result<void> RecordSource::send(std::string_view text, const char* what, std::size_t number) {
  auto parts = split_line(text, format_);
  if (parts.has_error()) return Error(parts.error().code, what + std::to_string(number) + " " + parts.error().context);
  OutgoingRecord record;
  if (command_.key) record.key = as_bytes(*command_.key);
  if (parts->key) record.key = as_bytes(*parts->key);
  record.value = as_bytes(parts->value);
  record.headers = headers_;
  record.timestamp = parts->timestamp;
  record.partition = command_.partition;
  LEAT_TRY(sink_(record));
  ++accepted_;
  return ok();
}

std::string publishing_progress(const Deliveries& deliveries, std::chrono::steady_clock::time_point start) {
  const auto done = deliveries.acknowledged();
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
  const auto rate = static_cast<double>(done) / std::max(seconds.count(), 1e-3);
  return counted(done, "record") + " acknowledged, " + grouped(static_cast<std::uint64_t>(rate)) + "/s";
}

}  // namespace leat::tool
