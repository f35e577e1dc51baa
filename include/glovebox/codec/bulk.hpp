// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include <type_traits>

namespace glovebox::detail {

__extension__ using int128 = __int128;
__extension__ using uint128 = unsigned __int128;
template <class T>
inline constexpr bool is_int128 = std::is_same_v<T, int128> || std::is_same_v<T, uint128>;

/// Numbers that cross as they lie in memory: any bits are a value, and there is no padding.
template <class T>
inline constexpr bool is_bulk_number = (std::is_arithmetic_v<T> && !std::is_same_v<T, bool> &&
                                        !std::is_same_v<T, long double>) ||
                                       is_int128<T>;

/// The same, with enumerations. Contiguous ones cross in one piece.
template <class T>
inline constexpr bool is_bulk = is_bulk_number<T>;
template <class T>
requires std::is_enum_v<T>
inline constexpr bool is_bulk<T> = !std::is_same_v<std::underlying_type_t<T>, bool>;

}  // namespace glovebox::detail
