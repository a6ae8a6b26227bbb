// The elements of a record, in the order in which they stand there.
#pragma once

#include "gantry/archive/document.hpp"
#include "gantry/exporters/mods/element.hpp"

namespace gantry::exporters::mods {

// Title, names, type, dates, language, abstract. The record has a PINAX.
void add_description(Fragment& fields, const archive::Record& record);
// The title of a record without one.
void add_incomplete_title(Fragment& fields, const archive::Pi& pi);
// Version, source, inventories.
void add_notes(Fragment& fields, const archive::Record& record);
void add_tree_position(Fragment& fields, const archive::Place& place);
// Identifiers, location and rights.
void add_identifiers(Fragment& fields, const archive::Record& record);
void add_incomplete_identifiers(Fragment& fields, const archive::Manifest& manifest);
void add_record_info(Fragment& fields, const archive::Record& record);
// The whole record of an entity that has none: what it is called, and why.
void add_absence(Fragment& fields, const archive::Absence& absence, const archive::Place& place);

}  // namespace gantry::exporters::mods
