#include "protocol/base/crc32c.hpp"

#include <array>
#include <cstddef>

#include "protocol/base/endian.hpp"

#if defined(__x86_64__)
#include <nmmintrin.h>
#include <wmmintrin.h>
#endif

namespace leat {
namespace {

// The generator without its top term, reflected: bit 31 stands for x^0.
constexpr std::uint32_t kPolynomial = 0x82f63b78;

constexpr std::uint32_t times_x(std::uint32_t a) { return (a >> 1) ^ ((a & 1) != 0 ? kPolynomial : 0); }

// kTables[n][b] is the checksum register after byte b and then n zero bytes.
constexpr auto kTables = [] {
  std::array<std::array<std::uint32_t, 256>, 8> tables{};
  for (std::uint32_t b = 0; b < 256; ++b) {
    std::uint32_t crc = b;
    for (int bit = 0; bit < 8; ++bit) crc = times_x(crc);
    tables[0][b] = crc;
  }
  for (std::size_t n = 1; n < tables.size(); ++n) {
    for (std::size_t b = 0; b < 256; ++b) tables[n][b] = (tables[n - 1][b] >> 8) ^ tables[0][tables[n - 1][b] & 0xff];
  }
  return tables;
}();

}  // namespace

namespace detail {

// Slicing-by-8 (Kounavis and Berry, 2005).
std::uint32_t crc32c_portable(std::uint32_t crc, ByteSpan bytes) {
  std::uint32_t state = ~crc;
  const std::byte* at = bytes.data();
  std::size_t left = bytes.size();
  for (; left >= 8; at += 8, left -= 8) {
    const std::uint64_t word = load_le<std::uint64_t>(at) ^ state;
    state = kTables[7][word & 0xff] ^ kTables[6][(word >> 8) & 0xff] ^ kTables[5][(word >> 16) & 0xff] ^
            kTables[4][(word >> 24) & 0xff] ^ kTables[3][(word >> 32) & 0xff] ^ kTables[2][(word >> 40) & 0xff] ^
            kTables[1][(word >> 48) & 0xff] ^ kTables[0][word >> 56];
  }
  for (; left > 0; ++at, --left) state = (state >> 8) ^ kTables[0][(state ^ std::to_integer<std::uint32_t>(*at)) & 0xff];
  return ~state;
}

}  // namespace detail

#if defined(__x86_64__)

namespace {

constexpr std::uint32_t multiply(std::uint32_t a, std::uint32_t b) {
  std::uint32_t product = 0;
  for (std::uint32_t bit = 1U << 31; bit != 0; bit >>= 1) {
    if ((a & bit) != 0) product ^= b;
    b = times_x(b);
  }
  return product;
}

constexpr std::uint32_t power_of_x(std::size_t exponent) {
  std::uint32_t result = 1U << 31;
  for (std::uint32_t square = 1U << 30; exponent != 0; exponent >>= 1) {
    if ((exponent & 1) != 0) result = multiply(result, square);
    square = multiply(square, square);
  }
  return result;
}

// What to multiply a checksum with so that `bytes` zero bytes are behind it. The carry-less product of two reflected 32-bit
// values stands one bit low in 64, and the crc32 instruction that reduces it multiplies by x^32: 33 powers less here.
constexpr std::uint32_t shift_factor(std::size_t bytes) { return power_of_x(8 * bytes - 33); }

__attribute__((target("sse4.2,pclmul"))) inline std::uint64_t shifted(std::uint64_t crc, std::uint32_t factor) {
  const __m128i product =
      _mm_clmulepi64_si128(_mm_cvtsi64_si128(static_cast<long long>(crc)), _mm_cvtsi64_si128(static_cast<long long>(factor)), 0);
  return _mm_crc32_u64(0, static_cast<std::uint64_t>(_mm_cvtsi128_si64(product)));
}

// The instruction takes three cycles but one can start each cycle: three stretches of the input are summed side by side, then
// joined (Gopal et al., "Fast CRC Computation for iSCSI Polynomial Using CRC32 Instruction", 2011).
template <std::size_t kStretchBytes>
__attribute__((target("sse4.2,pclmul"))) inline std::uint64_t three_stretches(std::uint64_t state, const std::byte*& at,
                                                                              std::size_t& left) {
  while (left >= 3 * kStretchBytes) {
    std::uint64_t first = state;
    std::uint64_t second = 0;
    std::uint64_t third = 0;
    for (const std::byte* const end = at + kStretchBytes; at != end; at += 8) {
      first = _mm_crc32_u64(first, load_le<std::uint64_t>(at));
      second = _mm_crc32_u64(second, load_le<std::uint64_t>(at + kStretchBytes));
      third = _mm_crc32_u64(third, load_le<std::uint64_t>(at + 2 * kStretchBytes));
    }
    state = shifted(first, shift_factor(2 * kStretchBytes)) ^ shifted(second, shift_factor(kStretchBytes)) ^ third;
    at += 2 * kStretchBytes;
    left -= 3 * kStretchBytes;
  }
  return state;
}

}  // namespace

namespace detail {

bool crc32c_hardware_available() { return __builtin_cpu_supports("sse4.2") && __builtin_cpu_supports("pclmul"); }

__attribute__((target("sse4.2,pclmul"))) std::uint32_t crc32c_hardware(std::uint32_t crc, ByteSpan bytes) {
  std::uint64_t state = static_cast<std::uint32_t>(~crc);
  const std::byte* at = bytes.data();
  std::size_t left = bytes.size();
  state = three_stretches<4096>(state, at, left);
  state = three_stretches<512>(state, at, left);
  state = three_stretches<64>(state, at, left);
  for (; left >= 8; at += 8, left -= 8) state = _mm_crc32_u64(state, load_le<std::uint64_t>(at));
  auto narrow = static_cast<std::uint32_t>(state);
  for (; left > 0; ++at, --left) narrow = _mm_crc32_u8(narrow, std::to_integer<std::uint8_t>(*at));
  return ~narrow;
}

}  // namespace detail

#else

namespace detail {

bool crc32c_hardware_available() { return false; }
std::uint32_t crc32c_hardware(std::uint32_t crc, ByteSpan bytes) { return crc32c_portable(crc, bytes); }

}  // namespace detail

#endif

std::uint32_t crc32c_extend(std::uint32_t crc, ByteSpan bytes) {
  return detail::crc32c_hardware_available() ? detail::crc32c_hardware(crc, bytes) : detail::crc32c_portable(crc, bytes);
}

std::uint32_t crc32c(ByteSpan bytes) { return crc32c_extend(0, bytes); }

}  // namespace leat
