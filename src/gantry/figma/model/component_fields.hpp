// What is read so far of one component in an answer, and the component that it makes.
#pragma once

#include <string>

#include "gantry/figma/model/model.hpp"

namespace gantry::figma {

// What is known of a value that must be there and of one kind.
enum class Found { kNot, kWrong, kRight };

struct Field {
  Found found = Found::kNot;
  std::string text;  // empty unless found right
};

struct SetFields {
  bool is_object = false;
  Field name;
  Field node_id;
};

struct FrameFields {
  Field name;
  Field node_id;
  Field page_id;
  Field page_name;
  SetFields component_set;
  SetFields state_group;  // what sets of variants were called once
};

struct ComponentFields {
  Field node_id;
  Field name;
  Field description;
  Field updated_at;
  FrameFields frame;
};

// Leaves the fields without their text.
Component component_of(ComponentFields& fields);

}  // namespace gantry::figma
