#include "protocol/native/codec.hpp"

#include <string>

#include "protocol/base/endian.hpp"

namespace leat::native {

Result<std::variant<FrameView, FrameNeed>> next_frame(ByteSpan available, std::size_t frame_bytes_max) {
  using Outcome = std::variant<FrameView, FrameNeed>;
  constexpr std::size_t kHeaderSizeBytes = kFramePrefixBytes - kFrameSizeBytes;

  if (available.size() < kFrameSizeBytes) return Outcome(FrameNeed{kFramePrefixBytes});
  const std::size_t frame_bytes = load_le<std::uint32_t>(available.data());
  if (frame_bytes > frame_bytes_max) {
    return Error(Errc::frame_too_large, std::to_string(frame_bytes) + " bytes, at most " + std::to_string(frame_bytes_max));
  }
  if (frame_bytes <= kHeaderSizeBytes) return Error(Errc::malformed_frame, "a frame without a header");

  const std::size_t total = kFrameSizeBytes + frame_bytes;
  if (available.size() < kFramePrefixBytes) return Outcome(FrameNeed{total});
  const std::size_t header_bytes = load_le<std::uint32_t>(available.data() + kFrameSizeBytes);
  if (header_bytes == 0) return Error(Errc::malformed_frame, "a frame without a header");
  if (header_bytes > frame_bytes - kHeaderSizeBytes) return Error(Errc::malformed_frame, "the header does not fit its frame");
  if (header_bytes > kHeaderBytesMax) {
    return Error(Errc::frame_too_large,
                 "header of " + std::to_string(header_bytes) + " bytes, at most " + std::to_string(kHeaderBytesMax));
  }

  if (available.size() < total) return Outcome(FrameNeed{total});
  const std::size_t payload_at = kFramePrefixBytes + header_bytes;
  return Outcome(FrameView{
      .bytes = total,
      .header = available.subspan(kFramePrefixBytes, header_bytes),
      .payload = available.subspan(payload_at, total - payload_at),
  });
}

void throw_exception_from_error(const DecodeFailure& failure, const boost::source_location& where) {
  leat::throw_exception_from_error(failure.error, where);
}

}  // namespace leat::native
