// What an entity is about: from its PINAX and its graph, each subject once.
#pragma once

#include "gantry/archive/document.hpp"
#include "gantry/exporters/mods/element.hpp"
#include "gantry/exporters/mods/mods.hpp"

namespace gantry::exporters::mods {

// Subjects, and what the graph has beside them as notes.
void add_subjects(Fragment& fields, const archive::Record& record, Graph graph);

}  // namespace gantry::exporters::mods
