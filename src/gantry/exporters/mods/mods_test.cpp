#include "gantry/exporters/mods/mods.hpp"

#include <cstdlib>
#include <filesystem>
#include <optional>
#include <set>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <pugixml.hpp>

#include "gantry/archive/languages.hpp"
#include "gantry/archive/parse.hpp"
#include "gantry/archive/text.hpp"

#include "testing/data.hpp"
#include "testing/files.hpp"
#include "testing/process.hpp"

namespace gantry::exporters::mods {
namespace {

using archive::Pi;
using archive::Record;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kManifest =
    R"({"pi":"01JZTEST000000000000000001","ver":3,"ts":"2026-01-01T10:00:00.000Z",)"
    R"("manifest_cid":"bafyMAN1","components":{"pinax.json":"bafyP","description.md":"bafyD",)"
    R"("cheimarros.json":"bafyC","page-1.jpg.ref.json":"bafyR","notes.txt":"bafyN",)"
    R"("cheimarros-raw.txt":"bafyW"},"children_pi":["01JZTEST000000000000000002",)"
    R"("01JZTEST000000000000000003"],"parent_pi":"01JZTEST000000000000000000"})";
constexpr const char* kPinax =
    R"({"id":"01JZID","title":"Letters & <Ledgers>","type":"Collection",)"
    R"("creator":["Quill, Ada","Stone, Ben"],"institution":"Invented University Archive",)"
    R"("created":"1923-05-17","access_url":"PLACEHOLDER","language":"fr-FR",)"
    R"("subjects":["Harbours","Harbours"],"place":["Port Imaginary"],"source":"Harbour Office",)"
    R"("description":"From the PINAX.","rights":"Public domain"})";
constexpr const char* kGraph =
    R"({"entities":{"ada":{"type":"person","label":"Ada Quill","properties":{"role":"clerk",)"
    R"("employer":{"type":"entity_ref","code":"office"},"description":"left out","age":30}},)"
    R"("office":{"type":"organization","label":"Office"},"port":{"type":"place",)"
    R"("label":"Port Imaginary"},"may":{"type":"date","label":"1923-05"},"idea":{"type":"concept",)"
    R"("label":"Trade"},"ship":{"type":"vessel","label":"The Quay"},"memo":{"type":"document",)"
    R"("label":"Memo"}},"relations":[{"source":"ada","target":"office","type":"employed_by"},)"
    R"({"source":"ada","target":"nobody","type":"knows"}]})";
constexpr const char* kReference =
    R"({"url":"https://cdn.example.test/1","ipfs_cid":"bafyIMG","type":"image/jpeg","size":123456,)"
    R"("filename":"page & <1> \"x\".jpg","ocr":"  Dear Sir,\n\n\tyours\r\n  "})";

Record sample() {
  Record record;
  record.manifest = std::get<archive::Manifest>(archive::parse_entity(kManifest));
  record.pinax = archive::parse_pinax(kPinax);
  record.description = "# Letters\n\n  *About* harbours.\n";
  record.cheimarros = archive::parse_cheimarros(kGraph);
  return record;
}

archive::Place place_below_root() {
  return {{*Pi::parse("01JZTEST000000000000000000"), *Pi::parse("01JZTEST000000000000000001")}};
}

// The whole record; every reference is the one of the sample.
std::string text_of(Document& document, const Record& record, const archive::Place& place) {
  auto writer = document.record(record, place);
  archive::Reference reference = archive::parse_reference(kReference);
  std::string text = writer->begin();
  for (const archive::Component& component : record.manifest.components) {
    bool is_reference = archive::role_of(component.key) == archive::Role::kReference;
    text += writer->component(component, is_reference ? &reference : nullptr);
  }
  return text + writer->end();
}

std::string document_of(const Record& record, const Options& options) {
  Document document(options);
  std::string text = document.opening() + text_of(document, record, place_below_root());
  return text + document.closing();
}

::testing::AssertionResult is_valid(const std::string& text) {
  auto data = gantry::testing::shared_data();
  if (!data) return ::testing::AssertionSuccess();
  gantry::testing::TemporaryFolder folder;
  gantry::testing::write_text(folder / "mods.xml", text);
  auto result =
      gantry::testing::run({.program = "xmllint",
                            .arguments = {"--nonet", "--noout", "--schema",
                                          (*data / "mods-xsd/mods-3-8.local.xsd").string(),
                                          (folder / "mods.xml").string()}});
  if (result.exit_code == 0) return ::testing::AssertionSuccess();
  return ::testing::AssertionFailure() << result.err << "\n" << text;
}

std::vector<std::string> texts(const std::string& document, const char* path) {
  pugi::xml_document tree;
  // As every reader of XML: line ends are folded before numbers of characters are read.
  EXPECT_EQ(document.find('\r'), std::string::npos);
  EXPECT_TRUE(tree.load_string(document.c_str(),
                               pugi::parse_minimal | pugi::parse_escapes | pugi::parse_ws_pcdata));
  std::vector<std::string> found;
  for (const auto& match : tree.select_nodes(path)) found.emplace_back(match.node().text().get());
  return found;
}

// What the schema leaves open.
void expect_sound(const std::string& document) {
  pugi::xml_document tree;
  ASSERT_TRUE(tree.load_string(document.c_str()));
  const std::set<std::string> types = {"text",
                                       "still image",
                                       "moving image",
                                       "sound recording",
                                       "software, multimedia",
                                       "mixed material",
                                       "three dimensional object"};
  for (const std::string& type : texts(document, "//typeOfResource")) {
    EXPECT_TRUE(types.contains(type)) << type;
  }
  for (const auto& match : tree.select_nodes("//*[@encoding='w3cdtf']")) {
    EXPECT_TRUE(archive::is_w3c_date(match.node().text().get())) << match.node().text().get();
  }
  for (const auto& match : tree.select_nodes("//languageTerm[@type='code']")) {
    std::string code = match.node().text().get();
    EXPECT_EQ(archive::bibliographic_code(code), code);
    EXPECT_STREQ(match.node().attribute("authority").value(), "iso639-2b");
  }
  for (const std::string& name : texts(document, "//namePart")) EXPECT_NE(name, "");
  std::set<std::string> ids;
  for (const auto& match : tree.select_nodes("//*[@ID]")) {
    EXPECT_TRUE(ids.insert(match.node().attribute("ID").value()).second);
  }
  EXPECT_STREQ(tree.document_element().attribute("xsi:schemaLocation").value(),
               "http://www.loc.gov/mods/v3 http://www.loc.gov/standards/mods/v3/mods-3-8.xsd");
}

TEST(Mods, IsSoundWhereTheSchemaDoesNotLook) {
  expect_sound(document_of(sample(), {}));
  expect_sound(document_of(sample(), {.is_collection = true}));
  Record record = sample();
  for (const char* type : {"Text", "Image", "Sculpture", "Event", "PhysicalObject", "Sound"}) {
    record.pinax = archive::parse_pinax(
        fmt::format(R"({{"title":"T","type":"{}","language":"nl","created":"1923-02-30",)"
                    R"("creator":[""],"institution":""}})",
                    type));
    record.manifest.timestamp = "yesterday";
    std::string text = document_of(record, {});
    expect_sound(text);
    EXPECT_TRUE(is_valid(text));
    EXPECT_THAT(text, HasSubstr(">dut<"));
  }
}

TEST(Mods, OfOneEntityIsTheGoldenFile) {
  std::string text = document_of(sample(), {});
  EXPECT_TRUE(gantry::testing::matches_golden("src/gantry/exporters/mods/golden/record.xml", text));
  EXPECT_TRUE(is_valid(text));
}

TEST(Mods, OfATreeIsTheGoldenFile) {
  Document document({.is_collection = true});
  Record incomplete = sample();
  incomplete.pinax.reset();
  incomplete.merged_from = {*Pi::parse("01JZTEST000000000000000009")};
  std::string text = document.opening();
  text += text_of(document, incomplete, {{incomplete.manifest.pi}});
  archive::Absence missing{archive::Absence::Kind::kMissing, "the archive does not have it", {}};
  archive::Place child{{incomplete.manifest.pi, incomplete.manifest.children[0]}};
  text += document.absence(missing, child) + document.closing();
  EXPECT_TRUE(
      gantry::testing::matches_golden("src/gantry/exporters/mods/golden/collection.xml", text));
  EXPECT_TRUE(is_valid(text));
}

TEST(Mods, IsCheckedAgainstTheSchema) {
  auto data = gantry::testing::shared_data();
  if (!data) GTEST_SKIP() << "the schema is not here: set GANTRY_TEST_DATA";
  EXPECT_FALSE(is_valid("<mods xmlns=\"http://www.loc.gov/mods/v3\"><nonsense/></mods>"));
  for (Graph graph : {Graph::kFull, Graph::kMinimal, Graph::kSkip}) {
    for (bool is_collection : {true, false}) {
      EXPECT_TRUE(is_valid(document_of(
          sample(), {.is_collection = is_collection, .include_ocr = true, .graph = graph})));
    }
  }
}

TEST(Mods, KeepsTextsByteForByteWhateverTheNesting) {
  const std::string text =
      "  one\r\n\r\n\n\ttwo & <three> &amp; ]]> \"four\" \xf0\x9f\x93\x9c  \n\n ";
  Record record = sample();
  record.description = text;
  for (bool is_collection : {false, true}) {
    std::string document = document_of(record, {.is_collection = is_collection});
    EXPECT_THAT(texts(document, "//abstract"), ElementsAre(text));
    EXPECT_THAT(texts(document, "//note[@type='ocr']"),
                ElementsAre("  Dear Sir,\n\n\tyours\r\n  "));
    EXPECT_TRUE(is_valid(document));
  }
}

TEST(Mods, EscapesAttributes) {
  pugi::xml_document tree;
  ASSERT_TRUE(tree.load_string(document_of(sample(), {}).c_str()));
  auto item = tree.select_node("//relatedItem[identifier/@displayLabel='CDN URL']").node();
  EXPECT_STREQ(item.attribute("displayLabel").value(), "page & <1> \"x\".jpg");
  Record record = sample();
  record.manifest.components.back().key = "a\tb\nc\r.txt";
  EXPECT_THAT(document_of(record, {}), HasSubstr("displayLabel=\"a&#9;b&#10;c&#13;.txt\""));
}

TEST(Mods, ReplacesAndCountsWhatXmlCannotHold) {
  Record record = sample();
  record.description = std::string("a\0b\x01", 4) + "\xff";
  Document document({});
  std::string text = document.opening() + text_of(document, record, place_below_root());
  EXPECT_EQ(document.replaced(), 3U);
  EXPECT_TRUE(is_valid(text));
  EXPECT_THAT(text, HasSubstr("<abstract>a\xef\xbf\xbd"
                              "b\xef\xbf\xbd\xef\xbf\xbd</abstract>"));
}

TEST(Mods, ClaimsAnEncodingOnlyForWhatHasIt) {
  Record record = sample();
  record.pinax->created = "circa 1923";
  record.pinax->language = "xx-Klingon";
  std::string text = document_of(record, {});
  EXPECT_THAT(text, HasSubstr("<dateCreated keyDate=\"yes\">circa 1923</dateCreated>"));
  EXPECT_THAT(text, HasSubstr("<languageTerm type=\"text\">xx-Klingon</languageTerm>"));
  EXPECT_TRUE(is_valid(text));
  std::string good = document_of(sample(), {});
  EXPECT_THAT(good, HasSubstr("encoding=\"w3cdtf\" keyDate=\"yes\">1923-05-17<"));
  EXPECT_THAT(good, HasSubstr("authority=\"iso639-2b\">fre<"));
}

TEST(Mods, LinksOnlyToWhatIsAnAddress) {
  Record record = sample();
  record.pinax->access_url = "javascript:alert(1) %zz";
  std::string text = document_of(record, {});
  EXPECT_THAT(texts(text, "/mods/location/url[@usage='primary']"),
              ElementsAre("https://arke.institute/01JZTEST000000000000000001"));
  EXPECT_THAT(texts(text, "/mods/identifier[@type='uri']"), ElementsAre("javascript:alert(1) %zz"));
  EXPECT_TRUE(is_valid(text));
}

TEST(Mods, TellsEachSubjectOnce) {
  std::string text = document_of(sample(), {});
  EXPECT_THAT(texts(text, "//subject/geographic"), ElementsAre("Port Imaginary"));
  EXPECT_THAT(texts(text, "//subject/topic"), ElementsAre("Harbours", "Trade", "The Quay"));
  EXPECT_THAT(texts(text, "//subject/temporal"), ElementsAre("1923-05"));
  EXPECT_THAT(texts(text, "//subject/name/namePart"), ElementsAre("Ada Quill", "Office"));
}

TEST(Mods, HasAsMuchOfTheGraphAsIsAskedFor) {
  std::string minimal = document_of(sample(), {.graph = Graph::kMinimal});
  EXPECT_THAT(texts(minimal, "//subject/topic"), ElementsAre("Harbours", "Trade"));
  EXPECT_THAT(minimal, Not(HasSubstr("cheimarros-property")));
  std::string skipped = document_of(sample(), {.graph = Graph::kSkip});
  EXPECT_THAT(texts(skipped, "//subject/name/namePart"), ElementsAre());
  std::string full = document_of(sample(), {});
  EXPECT_THAT(texts(full, "//note[@type='cheimarros-property']"),
              ElementsAre("Ada Quill • role: clerk", "Ada Quill • employer: Office"));
  EXPECT_THAT(texts(full, "//note[@type='cheimarros-relation']"),
              ElementsAre("Ada Quill → employed_by → Office"));
}

TEST(Mods, LeavesOutTheTextOfPagesIfAsked) {
  EXPECT_THAT(document_of(sample(), {.include_ocr = false}), Not(HasSubstr("Dear Sir")));
}

TEST(Mods, HasNoEmptyNames) {
  Record record = sample();
  record.pinax = archive::parse_pinax(R"({"title":"T","creator":["",7]})");
  std::string text = document_of(record, {});
  EXPECT_THAT(texts(text, "/mods/name"), ElementsAre());
  EXPECT_TRUE(is_valid(text));
}

TEST(Mods, OfAnEntityWithoutPinaxHasTheDateOfItsManifest) {
  Record record = sample();
  record.pinax.reset();
  std::string text = document_of(record, {});
  EXPECT_THAT(texts(text, "//titleInfo[@type='alternative']/title"),
              ElementsAre("[Incomplete Record: 01JZTEST000000000000000001]"));
  EXPECT_THAT(texts(text, "//recordCreationDate"), ElementsAre("2026-01-01T10:00:00.000Z"));
  EXPECT_THAT(texts(text, "/mods/location/url"),
              ElementsAre("https://api.arke.institute/entities/01JZTEST000000000000000001"));
  EXPECT_TRUE(is_valid(text));
}

TEST(Mods, ListsPagesThenParentThenChildrenThenOtherFiles) {
  pugi::xml_document tree;
  ASSERT_TRUE(tree.load_string(document_of(sample(), {}).c_str()));
  std::vector<std::string> labels;
  for (pugi::xml_node item : tree.child("mods").children("relatedItem")) {
    labels.emplace_back(item.attribute("displayLabel").value());
  }
  EXPECT_THAT(labels, ElementsAre("page & <1> \"x\".jpg", "Parent Entity", "Child Entity 1",
                                  "Child Entity 2", "notes.txt"));
}

}  // namespace
}  // namespace gantry::exporters::mods
