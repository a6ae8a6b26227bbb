#include "gantry/exporters/mods/related.hpp"

#include <fmt/format.h>

#include "gantry/archive/text.hpp"

namespace gantry::exporters::mods {
namespace {

constexpr std::string_view kCdnCid = "IPFS CID (reference only - content stored on CDN)";

void add_link(Fragment& fields, pugi::xml_node item, const archive::Pi& pi,
              std::string_view label) {
  fields.add_text(fields.add(item, "location"), "url", archive::page_of(pi),
                  {{"displayLabel", label}});
}

void add_technical_data(Fragment& fields, pugi::xml_node item,
                        const archive::Reference& reference) {
  if (!reference.size && reference.type.empty()) return;
  pugi::xml_node description = fields.add(item, "physicalDescription");
  if (reference.size) {
    fields.add_text(description, "extent", fmt::format("{} bytes", *reference.size));
  }
  if (!reference.type.empty()) fields.add_text(description, "internetMediaType", reference.type);
}

}  // namespace

void add_reference(Fragment& fields, const archive::Component& component,
                   const archive::Reference& reference, bool include_ocr) {
  const std::string& name = reference.filename.empty() ? component.key : reference.filename;
  pugi::xml_node item =
      fields.add("relatedItem", {{"type", "constituent"}, {"displayLabel", name}});
  fields.add_text(item, "identifier", reference.url,
                  {{"type", "uri"}, {"displayLabel", "CDN URL"}});
  if (!reference.cid.empty()) {
    fields.add_text(item, "identifier", reference.cid,
                    {{"type", "ipfs-cid"}, {"displayLabel", kCdnCid}});
  }
  add_technical_data(fields, item, reference);
  if (include_ocr && reference.ocr && !reference.ocr->empty()) {
    fields.add_text(item, "note", *reference.ocr, {{"type", "ocr"}, {"displayLabel", "OCR Text"}});
  }
}

void add_parent(Fragment& fields, const archive::Manifest& manifest) {
  if (!manifest.parent) return;
  pugi::xml_node item =
      fields.add("relatedItem", {{"type", "host"}, {"displayLabel", "Parent Entity"}});
  fields.add_text(item, "identifier", manifest.parent->text(),
                  {{"type", "arke-pi"}, {"displayLabel", "Parent PI"}});
  add_link(fields, item, *manifest.parent, "View Parent in Arke");
}

void add_children(Fragment& fields, const archive::Manifest& manifest) {
  for (std::size_t i = 0; i < manifest.children.size(); ++i) {
    const archive::Pi& child = manifest.children[i];
    std::string label = fmt::format("Child Entity {}", i + 1);
    pugi::xml_node item =
        fields.add("relatedItem", {{"type", "constituent"}, {"displayLabel", label}});
    fields.add_text(item, "identifier", child.text(),
                    {{"type", "arke-pi"}, {"displayLabel", "Child PI"}});
    add_link(fields, item, child, "View Child in Arke");
  }
}

void add_other(Fragment& fields, const archive::Component& component) {
  pugi::xml_node item =
      fields.add("relatedItem", {{"type", "constituent"}, {"displayLabel", component.key}});
  fields.add_text(item, "identifier", component.cid,
                  {{"type", "ipfs-cid"}, {"displayLabel", "IPFS CID"}});
  fields.add_text(item, "identifier", archive::gateway_address(component.cid),
                  {{"type", "uri"}, {"displayLabel", "IPFS Gateway URL"}});
  fields.add_text(item, "identifier", archive::content_address(component.cid),
                  {{"type", "uri"}, {"displayLabel", "API URL"}});
}

bool is_listed(const archive::Component& component) {
  switch (archive::role_of(component.key)) {
    case archive::Role::kPinax:
    case archive::Role::kDescription:
    case archive::Role::kCheimarros:
      return false;
    default:
      return component.key != "cheimarros-raw.txt" &&
             component.key != "reorganization-description.txt";
  }
}

}  // namespace gantry::exporters::mods
