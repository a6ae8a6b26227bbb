// What belongs to an entity: its files, its parent, its children.
#pragma once

#include "gantry/archive/model.hpp"
#include "gantry/exporters/mods/element.hpp"

namespace gantry::exporters::mods {

// A page that lies on the CDN, with its text.
void add_reference(Fragment& fields, const archive::Component& component,
                   const archive::Reference& reference, bool include_ocr);
void add_parent(Fragment& fields, const archive::Manifest& manifest);
void add_children(Fragment& fields, const archive::Manifest& manifest);
// Any other file.
void add_other(Fragment& fields, const archive::Component& component);
// Whether it is told as a file: not what the record itself is made of, nor notes of how the archive
// made that.
bool is_listed(const archive::Component& component);

}  // namespace gantry::exporters::mods
