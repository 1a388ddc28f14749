#pragma once

#include <boost/system/result.hpp>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <variant>
#include <vector>

#include "protocol/base/bytes.hpp"
#include "protocol/base/result.hpp"
#include "protocol/native/messages.hpp"

/// Frames to messages and back, without I/O.
///
///   frame = u32 frame_bytes | u32 header_bytes | header (FlatBuffers, leat.fbs) | payload        (little-endian)
///
/// frame_bytes counts what follows it; the payload is what the header leaves of the frame.
namespace leat::native {

inline constexpr std::size_t kFrameSizeBytes = 4;
inline constexpr std::size_t kFramePrefixBytes = 8;
inline constexpr std::size_t kHeaderBytesMax = 1U << 20;
/// What a frame that publishes has besides its batch.
inline constexpr std::size_t kPublishHeaderBytesMax = 1024;
/// What a connection may send before its hello is answered.
inline constexpr std::size_t kHelloFrameBytesMax = 64U << 10;
/// What a header may cost to verify and to decode.
inline constexpr std::size_t kHeaderDepthMax = 16;
inline constexpr std::size_t kHeaderTablesMax = 4096;
/// Strings and lists of one header together, each counted as often as the header refers to it: parts of a FlatBuffer may be
/// shared, so a small header could otherwise decode to gigabytes.
inline constexpr std::size_t kDecodedBytesMax = kHeaderBytesMax;
/// A longer string is no name, setting or message of ours: it is cut to this, which whoever judges it refuses for what it is.
inline constexpr std::size_t kStringBytesMax = 64U << 10;
/// Names and versions of peers, and error messages, are cut to these (between UTF-8 characters), on the way out and on the way
/// in.
inline constexpr std::size_t kPeerNameBytesMax = 256;
inline constexpr std::size_t kErrorMessageBytesMax = 4096;

/// A whole frame within the bytes it was found in.
struct FrameView {
  std::size_t bytes = 0;  ///< of the whole frame with its prefix: how far to advance
  ByteSpan header;
  ByteSpan payload;
};

struct FrameNeed {
  std::size_t bytes_total;  ///< the frame's size as far as is known: how much must be there before it is worth asking again
};

/// The frame at the front of `available`, or how many bytes must be available. An error (frame_too_large, malformed_frame) is
/// found in the first bytes, before anything is allocated for the rest; the stream cannot be trusted after it. frame_bytes_max
/// limits the frame's own size field, which does not count itself. Any thread.
Result<std::variant<FrameView, FrameNeed>> next_frame(ByteSpan available, std::size_t frame_bytes_max);

struct Decoded {
  std::uint64_t correlation = 0;
  Message message;
};

struct DecodeFailure {
  Error error;
  std::optional<std::uint64_t> correlation;  ///< set when the frame itself was sound: answer with an error and go on
};
/// What boost::system::result::value() throws for a failure: the same as for its error.
[[noreturn]] void throw_exception_from_error(const DecodeFailure& failure, const boost::source_location& where);

/// Verifies the header (depth, table count, sizes) before it reads a field of it; it may lie at any address, and the message owns
/// all it holds. malformed_frame when it does not verify or a field holds what no peer may send, unsupported_request for a
/// message of a later version (`correlation` tells whose, if it could be read). Whether names, settings and offsets make sense is
/// the receiver's to judge. Any thread.
boost::system::result<Decoded, DecodeFailure> decode_header(ByteSpan header);

/// Appends the frame's prefix and header to `out`, announcing a payload of payload_bytes that the caller sends right behind. It
/// is the caller's to keep lists and strings within the limits above and the frame within the peer's: a peer refuses what exceeds
/// them. Any thread; memory is kept between calls, a thread for itself.
void encode_frame(const Message& message, std::uint64_t correlation, std::size_t payload_bytes, std::vector<std::byte>& out);

/// How many of the leading topics one TopicListReply can carry within the limits of a header; at least one if there is any.
std::size_t topics_that_fit(std::span<const TopicInfo> topics);

}  // namespace leat::native
