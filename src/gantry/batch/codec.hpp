// How values of a type become bytes for a store, and how large they are in memory.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

namespace gantry::batch {

template <class T>
struct Codec {
  std::function<std::string(const T&)> encode;
  // Throws on bytes that are not a value: the record is damaged, and counts as absent.
  std::function<T(std::string_view)> decode;
  // Bytes in memory, about; absent: sizeof(T), and size() where a value has one.
  std::function<std::size_t(const T&)> size;
};

}  // namespace gantry::batch
