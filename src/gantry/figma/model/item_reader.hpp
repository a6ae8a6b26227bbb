// Reads long answers while they are parsed, as component_reader.hpp does, for items of many fields:
// what is wanted of one item becomes a small tree of JSON values, of the rest nothing is held.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "gantry/figma/model/json_node.hpp"

namespace gantry::figma {

// A field that is wanted of an object, or of each object in an array; without `inner` all of it is.
struct Wanted {
  std::string_view key;
  std::vector<Wanted> inner = {};
};

// A list of items in the answer: an array, or an object with a key for each item.
struct Listing {
  enum class Kind { kArray, kObject };

  std::string_view key;
  Kind kind;
  std::span<const Wanted> wanted;
  // An item, whose path it knows, with its key in the list (of an array, empty). What it throws is
  // thrown when the whole answer has been read: of several the first.
  std::function<void(const JsonNode& item, std::string_view key)> take;
  // What has been taken was not the list: a later value of the same key replaces it.
  std::function<void()> restart;
};

// Reads each list, which must all be there, in the object `parent` of `body`, or in `body` itself
// if that is empty. Takes items in order; the last of equal keys in an object counts, but an item
// whose key comes again is taken again. Throws like the parsers of model.hpp, also for an item that
// wants more than 32 MB of memory.
void read_items(std::string_view body, std::string_view parent, std::span<const Listing> lists);

}  // namespace gantry::figma
