#include "gantry/exporters/mods/fields.hpp"

#include <array>

#include <fmt/format.h>

#include "gantry/archive/languages.hpp"
#include "gantry/archive/text.hpp"

namespace gantry::exporters::mods {
namespace {

using archive::Manifest;
using archive::Pinax;
using archive::Record;

// What the archive writes where an address is still to come.
constexpr std::string_view kPlaceholder = "PLACEHOLDER";

struct Type {
  std::string_view dublin_core;
  std::string_view mods;
};
constexpr std::array<Type, 9> kTypes = {{
    {"Image", "still image"},
    {"StillImage", "still image"},
    {"MovingImage", "moving image"},
    {"Sound", "sound recording"},
    {"Dataset", "software, multimedia"},
    {"InteractiveResource", "software, multimedia"},
    {"Software", "software, multimedia"},
    {"Collection", "mixed material"},
    {"PhysicalObject", "three dimensional object"},
}};

void add_name(Fragment& fields, const char* type, std::string_view name, std::string_view role) {
  if (name.empty()) return;
  pugi::xml_node node = fields.add("name", {{"type", type}});
  fields.add_text(node, "namePart", name);
  fields.add_text(fields.add(node, "role"), "roleTerm", role, {{"type", "text"}});
}

void add_type(Fragment& fields, const Pinax& pinax) {
  if (pinax.type.empty()) return;
  std::string_view text = "text";
  for (const Type& type : kTypes) {
    if (type.dublin_core == pinax.type) text = type.mods;
  }
  pugi::xml_node node = fields.add_text("typeOfResource", text);
  if (pinax.type == "Collection") node.append_attribute("collection").set_value("yes");
}

void add_language(Fragment& fields, std::string_view tag) {
  if (tag.empty()) return;
  pugi::xml_node language = fields.add("language");
  if (auto code = archive::bibliographic_code(tag)) {
    fields.add_text(language, "languageTerm", *code,
                    {{"type", "code"}, {"authority", "iso639-2b"}});
  } else {
    fields.add_text(language, "languageTerm", tag, {{"type", "text"}});
  }
}

// The encoding is claimed only for what has it.
void add_date(Fragment& fields, pugi::xml_node parent, const char* name, std::string_view date,
              bool is_key) {
  pugi::xml_node node = fields.add_text(parent, name, date);
  if (archive::is_w3c_date(date)) node.append_attribute("encoding").set_value("w3cdtf");
  if (is_key) node.append_attribute("keyDate").set_value("yes");
}

std::string_view abstract_of(const Record& record) {
  if (record.description) return *record.description;
  return record.pinax ? std::string_view(record.pinax->description) : std::string_view();
}

// The address that the PINAX gives, as it is.
std::string address_of(const Record& record) {
  const std::string& given = record.pinax->access_url;
  bool is_given = !given.empty() && given != kPlaceholder;
  return is_given ? given : archive::page_of(record.manifest.pi);
}

void add_pi(Fragment& fields, const archive::Pi& pi) {
  fields.add_text("identifier", pi.text(),
                  {{"type", "arke-pi"}, {"displayLabel", "Arke Persistent Identifier"}});
}

void add_note(Fragment& fields, const char* type, const char* label, std::string_view text) {
  if (!text.empty()) fields.add_text("note", text, {{"type", type}, {"displayLabel", label}});
}

std::string inventory_of(const Manifest& manifest) {
  std::string text = fmt::format("Component inventory ({} files):", manifest.components.size());
  for (const archive::Component& component : manifest.components) text += "\n" + component.key;
  return text;
}

void add_cataloguing(Fragment& fields, pugi::xml_node info) {
  fields.add_text(info, "recordOrigin",
                  "Made from the archive's manifest alone, because the entity has no description "
                  "that can be read.");
  pugi::xml_node language = fields.add(info, "languageOfCataloging");
  fields.add_text(language, "languageTerm", "eng", {{"type", "code"}, {"authority", "iso639-2b"}});
  fields.add_text(info, "descriptionStandard", "mods");
}

}  // namespace

void add_description(Fragment& fields, const Record& record) {
  const Pinax& pinax = *record.pinax;
  if (pinax.title.empty()) {
    add_incomplete_title(fields, record.manifest.pi);
  } else {
    fields.add_text(fields.add("titleInfo"), "title", pinax.title);
  }
  for (const std::string& creator : pinax.creators)
    add_name(fields, "personal", creator, "creator");
  add_name(fields, "corporate", pinax.institution, "repository");
  add_type(fields, pinax);
  if (!pinax.created.empty()) {
    add_date(fields, fields.add("originInfo"), "dateCreated", pinax.created, true);
  }
  add_language(fields, pinax.language);
  if (std::string_view abstract = abstract_of(record); !abstract.empty()) {
    fields.add_text("abstract", abstract);
  }
}

void add_incomplete_title(Fragment& fields, const archive::Pi& pi) {
  pugi::xml_node title = fields.add("titleInfo", {{"type", "alternative"}});
  fields.add_text(title, "title", fmt::format("[Incomplete Record: {}]", pi.text()));
}

void add_notes(Fragment& fields, const Record& record) {
  const Manifest& manifest = record.manifest;
  if (record.pinax) {
    add_note(fields, "version", "Arke Version",
             fmt::format("Version {} • Manifest CID: {}", manifest.version, manifest.cid));
    if (abstract_of(record) != record.pinax->description) {
      add_note(fields, "summary", "PINAX Description", record.pinax->description);
    }
    add_note(fields, "source", "Source System", record.pinax->source);
  } else {
    add_note(fields, "metadata-status", "Metadata Status",
             "Incomplete: the entity has no description (pinax.json) that can be read.");
    add_note(fields, "metadata-remediation", "Metadata Remediation",
             fmt::format("Add pinax.json to entity {} and export it again.", manifest.pi.text()));
    add_note(fields, "summary", "Description", abstract_of(record));
  }
  for (const archive::Pi& merged : record.merged_from) {
    add_note(fields, "merged-entity", "Merged Entity",
             fmt::format("Entity {} was merged into this one.", merged.text()));
  }
  std::size_t children = manifest.children.size();
  if (children > 0) {
    add_note(fields, "children-inventory", "Child Entities",
             fmt::format("{} child {}", children, children == 1 ? "entity" : "entities"));
  }
  add_note(fields, "component-inventory", "Component Files", inventory_of(manifest));
}

void add_tree_position(Fragment& fields, const archive::Place& place) {
  std::string text = fmt::format("depth: {}", place.depth());
  if (auto parent = place.parent()) text += fmt::format(", parent: {}", parent->text());
  text += ", path: ";
  for (const archive::Pi& pi : place.path) text += "/" + pi.text();
  add_note(fields, "hierarchy", "Tree Position", text);
}

void add_identifiers(Fragment& fields, const Record& record) {
  const Pinax& pinax = *record.pinax;
  const Manifest& manifest = record.manifest;
  std::string address = address_of(record);
  if (!pinax.id.empty()) {
    fields.add_text("identifier", pinax.id, {{"type", "local"}, {"displayLabel", "PINAX ID"}});
  }
  add_pi(fields, manifest.pi);
  fields.add_text("identifier", address, {{"type", "uri"}, {"displayLabel", "Arke URI"}});
  pugi::xml_node location = fields.add("location");
  if (!pinax.institution.empty()) {
    fields.add_text(location, "physicalLocation", pinax.institution);
  }
  bool is_link = archive::is_web_address(address);
  fields.add_text(
      location, "url", is_link ? address : archive::page_of(manifest.pi),
      {{"usage", "primary"}, {"access", "object in context"}, {"displayLabel", "View in Arke"}});
  fields.add_text(location, "url", archive::gateway_address(manifest.cid),
                  {{"displayLabel", "IPFS Manifest"}});
  if (!pinax.rights.empty()) {
    fields.add_text("accessCondition", pinax.rights, {{"type", "use and reproduction"}});
  }
}

void add_incomplete_identifiers(Fragment& fields, const Manifest& manifest) {
  add_pi(fields, manifest.pi);
  fields.add_text("identifier", manifest.cid,
                  {{"type", "arke-manifest-cid"}, {"displayLabel", "Manifest CID"}});
  fields.add_text(fields.add("location"), "url", archive::entity_address(manifest.pi),
                  {{"usage", "primary"}, {"displayLabel", "Arke Manifest API"}});
}

void add_record_info(Fragment& fields, const Record& record) {
  const Manifest& manifest = record.manifest;
  pugi::xml_node info = fields.add("recordInfo");
  fields.add_text(info, "recordContentSource", "Arke Institute");
  fields.add_text(info, "recordIdentifier", manifest.pi.text(), {{"source", "arke-pi"}});
  add_date(fields, info, "recordCreationDate", manifest.timestamp, false);
  if (record.pinax) {
    fields.add_text(info, "descriptionStandard", "pinax");
  } else {
    add_cataloguing(fields, info);
  }
}

void add_absence(Fragment& fields, const archive::Absence& absence, const archive::Place& place) {
  pugi::xml_node title = fields.add("titleInfo", {{"type", "alternative"}});
  fields.add_text(title, "title", fmt::format("[Not Exported: {}]", place.pi().text()));
  add_note(fields, "metadata-status", "Metadata Status", "Not exported: " + absence.reason);
  add_tree_position(fields, place);
  add_pi(fields, place.pi());
  pugi::xml_node info = fields.add("recordInfo");
  fields.add_text(info, "recordContentSource", "Arke Institute");
  fields.add_text(info, "recordIdentifier", place.pi().text(), {{"source", "arke-pi"}});
  if (absence.manifest) {
    add_date(fields, info, "recordCreationDate", absence.manifest->timestamp, false);
  }
}

}  // namespace gantry::exporters::mods
