#include "gantry/figma/model/component_fields.hpp"

#include <utility>

namespace gantry::figma {
namespace {

ContainingSet set_of(SetFields& fields) {
  return {.name = std::move(fields.name.text), .node_id = std::move(fields.node_id.text)};
}

}  // namespace

Component component_of(ComponentFields& fields) {
  FrameFields& frame = fields.frame;
  Component component{.node_id = std::move(fields.node_id.text),
                      .name = std::move(fields.name.text),
                      .description = std::move(fields.description.text),
                      .updated_at = std::move(fields.updated_at.text),
                      .frame = {.name = std::move(frame.name.text),
                                .node_id = std::move(frame.node_id.text),
                                .page_id = std::move(frame.page_id.text),
                                .page_name = std::move(frame.page_name.text)},
                      .set = std::nullopt};
  if (frame.component_set.is_object) {
    component.set = set_of(frame.component_set);
  } else if (frame.state_group.is_object) {
    component.set = set_of(frame.state_group);
  }
  return component;
}

}  // namespace gantry::figma
