#include "server/session/text_batch.hpp"

#include <algorithm>

#include "protocol/cloudevents/json_format.hpp"
#include "protocol/cloudevents/record_mapping.hpp"
#include "protocol/text/record_json.hpp"

namespace leat::server {
namespace {

constexpr std::size_t kPieceBytes = 64U << 10;
/// What a shard keeps for those of its sessions whose turn comes next.
constexpr std::size_t kCachedBytes = 2U << 20;
constexpr std::size_t kCachedBatches = 64;
/// A batch that holds more is not for those who read text.
constexpr record::DecompressLimits kLimits{std::size_t{16} << 20, 1024, std::size_t{4} << 20};

}  // namespace

Result<std::shared_ptr<TextBatch>> TextBatch::open(ByteSpan batch, std::string topic, PartitionId partition, TextForm form,
                                                   ByteBudget::Share share) {
  std::shared_ptr<TextBatch> opened(new TextBatch(std::move(topic), partition, form, std::move(share)));
  opened->batch_.assign(batch.begin(), batch.end());
  LEAT_ASSIGN(opened->reader_, record::BatchReader::open(opened->batch_, kLimits));
  opened->next_offset_ = opened->reader_->header().next_offset();
  // What is decompressed is no less than the batch, and of the order of its text.
  opened->share_.resize(batch.size());
  return opened;
}

void TextBatch::append(std::string& out, const record::RecordView& record) const {
  if (form_ == TextForm::cloudevents) return cloudevents::append_json(out, cloudevents::event_of(record, {topic_, partition_}));
  out += '{';
  append_record_members(out, record);
  out += '}';
}

Result<void> TextBatch::make_piece() {
  struct Written {
    record::RecordView view;
    std::size_t begin;
    std::size_t length;
  };
  std::string text;
  std::vector<Written> written;
  while (text.size() < kPieceBytes) {
    LEAT_ASSIGN(const auto record, reader_->next());
    if (!record) {
      at_end_ = true;
      break;
    }
    if (!text.empty()) text += ',';
    const std::size_t begin = text.size();
    append(text, *record);
    written.push_back({*record, begin, text.size() - begin});
  }
  if (written.empty()) return ok();
  auto piece = std::make_unique<Piece>();
  piece->text = SharedBytes(std::move(text));
  piece->records.reserve(written.size());
  for (const Written& record : written) {
    piece->records.push_back({record.view, piece->text.span().subspan(record.begin, record.length)});
  }
  share_.resize(share_.bytes() + piece->text.size() + piece->records.size() * sizeof(Record));
  pieces_.push_back(std::move(piece));
  return ok();
}

Result<const TextBatch::Piece*> TextBatch::piece(std::size_t index) {
  while (index >= pieces_.size() && !at_end_) LEAT_TRY(make_piece());
  return index < pieces_.size() ? pieces_[index].get() : nullptr;
}

Result<std::shared_ptr<TextBatch>> TextBatches::get(LogId log, ByteSpan batch, const std::string& topic, PartitionId partition,
                                                    TextForm form) {
  LEAT_ASSIGN(const record::BatchHeader header, record::parse_batch_header(batch));
  const auto found = std::find_if(entries_.begin(), entries_.end(), [&](const Entry& entry) {
    return entry.log == log && entry.base == header.base_offset && entry.form == form;
  });
  if (found != entries_.end()) return found->batch;
  LEAT_ASSIGN(auto opened, TextBatch::open(batch, topic, partition, form, sending_->none()));
  entries_.push_back({log, header.base_offset, form, opened});
  std::size_t bytes = 0;
  for (const Entry& entry : entries_) bytes += entry.batch->memory_bytes();
  for (; entries_.size() > 1 && (bytes > kCachedBytes || entries_.size() > kCachedBatches); entries_.erase(entries_.begin())) {
    bytes -= entries_.front().batch->memory_bytes();
  }
  return opened;
}

}  // namespace leat::server
