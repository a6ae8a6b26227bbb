#include "gantry/exporters/pinax/pinax.hpp"

#include <boost/json.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gantry/archive/parse.hpp"

#include "testing/files.hpp"

namespace gantry::exporters::pinax {
namespace {

namespace json = boost::json;
using archive::Pi;
using archive::Record;
using ::testing::ElementsAre;

constexpr const char* kRoot = "01JZTEST000000000000000001";
constexpr const char* kChild = "01JZTEST000000000000000002";

Record sample(const char* pi) {
  Record record;
  std::string manifest =
      std::string(R"({"id":")") + pi +
      R"(","ver":3,"ts":"2026-01-01T10:00:00.000Z","manifest_cid":"bafyMAN1","components":)"
      R"({"pinax.json":"bafyP","page-1.jpg.ref.json":"bafyR","notes.txt":"bafyN"},)"
      R"("children_pi":["01JZTEST000000000000000002","01JZTEST000000000000000003"]})";
  record.manifest = std::get<archive::Manifest>(archive::parse_entity(manifest));
  record.pinax = archive::parse_pinax(
      R"({"id":"x","title":"T","access_url":"PLACEHOLDER","weight":1.5,"more":{"a":[]}})");
  record.description = "one\r\n\r\n\r\ntwo ";
  record.linked = archive::parse_linked(
      std::string(R"({"entities":[{"canonical_id":"ada","code":"ada","label":"Ada",)"
                  R"("type":"person","properties":{"age":30},"source_pis":["x"],"relationships":[)"
                  R"({"direction":"incoming","predicate":"employs","target_id":"office",)"
                  R"("target_label":"Office","source_pi":")") +
          pi + R"("}]}]})",
      *Pi::parse(pi));
  return record;
}

std::string record_text(Document& document, const Record& record, const archive::Place& place) {
  archive::Reference page = archive::parse_reference(
      R"({"url":"https://cdn/1","type":"image/jpeg","size":5,"ocr":"Dear Sir"})");
  auto writer = document.record(record, place);
  std::string text = writer->begin();
  for (const archive::Component& component : record.manifest.components) {
    bool is_page = archive::role_of(component.key) == archive::Role::kReference;
    text += writer->component(component, is_page ? &page : nullptr);
  }
  return text + writer->end();
}

// A root with a child, one that is absent and one that stands elsewhere.
std::string tree_text(const Options& options) {
  Document document(options);
  archive::Place root{{*Pi::parse(kRoot)}};
  archive::Place child{{*Pi::parse(kRoot), *Pi::parse(kChild)}};
  archive::Place third{{*Pi::parse(kRoot), *Pi::parse("01JZTEST000000000000000003")}};
  Record root_record = sample(kRoot);
  Record child_record = sample(kChild);
  std::string text = document.opening("2026-02-02T00:00:00Z");
  text += record_text(document, root_record, root);
  text += Document::elsewhere({*Pi::parse("01JZTEST000000000000000009")}, 0);
  text += Document::children_opening(0) + Document::separator(true, 1);
  text += record_text(document, child_record, child) + Document::entity_closing(1, 2);
  text += Document::children_closing(0) + Document::absent_opening(0);
  text += Document::separator(true, 1);
  text += document.absence({archive::Absence::Kind::kMissing, "it is not there", {}}, third);
  text += Document::absent_closing(0) + Document::entity_closing(0, 2);
  return text + Document::closing();
}

std::vector<std::string> keys(const json::value& object) {
  std::vector<std::string> names;
  for (const auto& member : object.as_object()) names.emplace_back(std::string_view(member.key()));
  return names;
}

TEST(Pinax, OfATreeIsTheGoldenFile) {
  std::string text = tree_text({.is_recursive = true});
  EXPECT_TRUE(gantry::testing::matches_golden("src/gantry/exporters/pinax/golden/tree.json", text));
}

TEST(Pinax, HasTheMembersOfItsSchemaInTheirOrder) {
  json::value tree = json::parse(tree_text({.is_recursive = true}));
  EXPECT_THAT(keys(tree),
              ElementsAre("$schema", "version", "exported_at", "export_options", "root"));
  EXPECT_EQ(tree.at("$schema"), kSchema);
  EXPECT_THAT(keys(tree.at("root")),
              ElementsAre("pi", "manifest_cid", "ver", "ts", "depth", "pinax", "description",
                          "entities", "relationships", "components", "children_elsewhere",
                          "children", "children_absent", "children_count"));
  EXPECT_EQ(tree.at("root").at("children").at(0).at("depth"), 1);
}

TEST(Pinax, KeepsTextsAndReplacesTheAddress) {
  json::value root = json::parse(tree_text({})).at("root");
  EXPECT_EQ(root.at("description"), "one\r\n\r\n\r\ntwo ");
  EXPECT_EQ(root.at("pinax").at("access_url"), "https://arke.institute/01JZTEST000000000000000001");
  EXPECT_EQ(root.at("pinax").at("weight"), 1.5);
}

TEST(Pinax, TellsARelationshipInTheDirectionThatItHas) {
  json::value edge = json::parse(tree_text({})).at("root").at("relationships").at(0);
  EXPECT_EQ(edge.at("subject_label"), "Office");
  EXPECT_EQ(edge.at("predicate"), "employs");
  EXPECT_EQ(edge.at("object_label"), "Ada");
}

TEST(Pinax, CutsLongTextsAndSaysSo) {
  Record record = sample(kRoot);
  record.description = std::string(500, 'x');
  Document document({.max_text_length = 200});
  archive::Place place{{record.manifest.pi}};
  std::string text = record_text(document, record, place) + Document::entity_closing(0, 0);
  json::value entity = json::parse(text);
  EXPECT_LE(entity.at("description").as_string().size(), 200U);
  EXPECT_EQ(entity.at("description_truncated"), true);
}

TEST(Pinax, IsJsonWhateverTheBytesOfADescription) {
  Record record = sample(kRoot);
  record.description = "a\x01\xff";
  Document document({});
  archive::Place place{{record.manifest.pi}};
  std::string text = record_text(document, record, place) + Document::entity_closing(0, 0);
  EXPECT_EQ(json::parse(text).at("description"), "a\x01\xef\xbf\xbd");
  EXPECT_EQ(document.replaced(), 1U);
}

TEST(Pinax, HasOnlyTheFilesThatAreAskedFor) {
  Options options;
  options.component_types = {archive::Role::kOther};
  json::value root = json::parse(tree_text(options)).at("root");
  ASSERT_EQ(root.at("components").as_array().size(), 1U);
  EXPECT_EQ(root.at("components").at(0).at("key"), "notes.txt");
  options.include_components = false;
  options.entity_source = EntitySource::kNone;
  json::value bare = json::parse(tree_text(options)).at("root");
  EXPECT_FALSE(bare.as_object().contains("components"));
  EXPECT_FALSE(bare.as_object().contains("entities"));
}

TEST(Pinax, OfAnEntityThatFailedSaysWhy) {
  Document document({});
  Record record = sample(kRoot);
  archive::Place place{{record.manifest.pi}};
  archive::Absence absence{archive::Absence::Kind::kFailed, "no answer", record.manifest};
  json::value entity =
      json::parse(document.absence(absence, place) + Document::entity_closing(0, 2));
  EXPECT_TRUE(entity.at("pinax").is_null());
  EXPECT_EQ(entity.at("export_error"), "no answer");
  EXPECT_EQ(entity.at("manifest_cid"), "bafyMAN1");
}

}  // namespace
}  // namespace gantry::exporters::pinax
