#pragma once

#include <bit>
#include <concepts>
#include <cstddef>
#include <cstring>
#include <type_traits>

namespace leat {

static_assert(std::endian::native == std::endian::little, "leat runs on little-endian machines");

template <std::integral T>
constexpr T byte_swap(T value) {
  using U = std::make_unsigned_t<T>;
  if constexpr (sizeof(T) == 1) return value;
  if constexpr (sizeof(T) == 2) return static_cast<T>(__builtin_bswap16(static_cast<U>(value)));
  if constexpr (sizeof(T) == 4) return static_cast<T>(__builtin_bswap32(static_cast<U>(value)));
  if constexpr (sizeof(T) == 8) return static_cast<T>(__builtin_bswap64(static_cast<U>(value)));
}

/// Unaligned loads and stores. Record batches are big-endian (as Kafka's), everything of leat's own is little-endian.
template <std::integral T>
T load_le(const std::byte* from) {
  T value;
  std::memcpy(&value, from, sizeof value);
  return value;
}

template <std::integral T>
T load_be(const std::byte* from) {
  return byte_swap(load_le<T>(from));
}

template <std::integral T>
void store_le(std::byte* to, T value) {
  std::memcpy(to, &value, sizeof value);
}

template <std::integral T>
void store_be(std::byte* to, T value) {
  store_le(to, byte_swap(value));
}

}  // namespace leat
