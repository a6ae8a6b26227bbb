// Builds the tree of one item in a long answer from what the parser meets, without what is not
// wanted of it.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <boost/json.hpp>

#include "gantry/figma/model/item_reader.hpp"

namespace gantry::figma {

class ItemBuilder {
 public:
  enum class Kind { kObject, kArray };

  // An object begins that is the item. The one before it is forgotten.
  void begin(std::span<const Wanted> wanted);

  // A container begins. False: it is not wanted, and neither what is in it nor its end is to be
  // told.
  bool open(Kind kind);
  // A container ends: true if it was the item.
  bool close();

  // A key or a text in pieces, of which the last ends it.
  void key_part(std::string_view part);
  void key(std::string_view part);
  void text_part(std::string_view part);
  void text(std::string_view part);
  // A number, true, false or null.
  void scalar(const boost::json::value& value);

  // Of an item that has ended; what is too large has no value. Lives until the next one begins.
  bool is_too_large() const;
  boost::json::value value() { return stack_.release(); }

 private:
  struct Open {
    Kind kind;
    std::size_t count;               // of values in it
    std::span<const Wanted> wanted;  // of the object or of the objects in the array; empty: all
  };

  bool is_left_out() const { return is_unwanted_ || is_too_large(); }
  // A value begins: false if it is to be left out.
  bool next_value();

  // Most items fit into this. The resource is made anew for each item: one that is released goes on
  // from its largest block and takes twice as much every time.
  std::array<unsigned char, 8UL * 1024> room_;
  std::optional<boost::json::monotonic_resource> memory_;
  boost::json::value_stack stack_;
  std::vector<Open> open_;
  std::string key_;
  std::span<const Wanted> inner_;  // what is wanted of the value of the latest key
  bool is_unwanted_ = false;       // that value is not
  std::size_t size_ = 0;
};

}  // namespace gantry::figma
