#include "gantry/archive/parse.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gantry/base/error.hpp"

namespace gantry::archive {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr const char* kPi = "01JZTEST000000000000000001";
constexpr const char* kOther = "01JZTEST000000000000000002";

std::string manifest(const std::string& more) {
  return fmt::format(R"({{"ver":3,"ts":"2026-01-01T10:00:00.000Z","manifest_cid":"bafyMAN"{}{}}})",
                     more.empty() ? "" : ",", more);
}

std::string failure_of(const std::function<void()>& parse) {
  try {
    parse();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kBadResponse);
    return error.message();
  }
  return "no error";
}

TEST(ParseEntity, ReadsBothShapesOfAManifest) {
  for (const char* key : {"pi", "id"}) {
    Entity entity = parse_entity(manifest(fmt::format(
        R"("{}":"{}","components":{{"b.txt":"bafyB","a.txt":"bafyA"}},"children_pi":["{}","{}"],"parent_pi":null)",
        key, kPi, kOther, kOther)));
    const auto& read = std::get<Manifest>(entity);
    EXPECT_EQ(read.pi.text(), kPi);
    EXPECT_EQ(read.version, 3U);
    EXPECT_EQ(read.cid, "bafyMAN");
    ASSERT_EQ(read.components.size(), 2U);
    EXPECT_EQ(read.components[0].key, "a.txt");
    ASSERT_EQ(read.children.size(), 1U) << "a child that is named twice is one";
    EXPECT_EQ(read.children[0].text(), kOther);
    EXPECT_FALSE(read.parent);
  }
}

TEST(ParseEntity, KnowsWhatWasMergedOrDeleted) {
  Entity merged =
      parse_entity(fmt::format(R"({{"id":"{}","merged":true,"merged_into":"{}"}})", kPi, kOther));
  EXPECT_EQ(std::get<Merged>(merged).into.text(), kOther);
  Entity deleted = parse_entity(fmt::format(R"({{"id":"{}","status":"deleted"}})", kPi));
  EXPECT_EQ(std::get<Deleted>(deleted).pi.text(), kPi);
}

TEST(ParseEntity, SaysWhatIsWrongAndWhere) {
  const std::string own = fmt::format(R"("pi":"{}")", kPi);
  const std::pair<std::string, const char*> cases[] = {
      {"", "it is not JSON"},
      {"<html>", "it is not JSON"},
      {"[]", "it is not a JSON object"},
      {std::string(100, '['), "it is not JSON"},
      {manifest(""), "it has neither id nor pi"},
      {manifest(R"("pi":"../../evil")"), "pi is not a PI: 26 characters of 0-9 and A-Z"},
      {manifest(own + R"(,"children_pi":["01JZTEST000000000000000002",7])"),
       "children_pi[1] is not a PI"},
      {manifest(own + R"(,"children_pi":{})"), "children_pi is not an array"},
      {manifest(own + R"(,"components":{"x":"a/b"})"), "components['x'] is not a CID"},
      {manifest(own + R"(,"components":{"x":1})"), "components['x'] is not a string"},
      {manifest(own + R"(,"parent_pi":"x")"), "parent_pi is not a PI"},
      {fmt::format(R"({{{},"ver":-1}})", own), "ver is not a whole number"},
      {fmt::format(R"({{{},"ver":1,"ts":""}})", own), "ts is missing"},
      {fmt::format(R"({{"id":"{}","merged":true}})", kPi), "merged_into is missing"},
  };
  for (const auto& [text, message] : cases) {
    EXPECT_THAT(failure_of([&] { parse_entity(text); }), HasSubstr(message)) << text;
  }
}

TEST(ParsePinax, TakesOneOrManyAndNamesWhatIsMissing) {
  Pinax pinax = parse_pinax(
      R"({"title":"T","creator":["A","",3,"B"],"place":"P","subjects":"S","created":1923})");
  EXPECT_EQ(pinax.title, "T");
  EXPECT_THAT(pinax.creators, ElementsAre("A", "B"));
  EXPECT_THAT(pinax.places, ElementsAre("P"));
  EXPECT_THAT(pinax.subjects, ElementsAre("S"));
  EXPECT_EQ(pinax.created, "");
  EXPECT_THAT(pinax.faults,
              ElementsAre("id is missing", "type is missing", "institution is missing",
                          "created is missing", "access_url is missing"));
}

TEST(ParseCheimarros, ReadsNodesInTheirOrderAndRelations) {
  Cheimarros read =
      parse_cheimarros(R"({"entities":{"z":{"type":"person","label":"Z"},"a":{"type":"place"}},)"
                       R"("relations":[{"source":"z","target":"a","type":"in"}]})");
  ASSERT_EQ(read.nodes.size(), 2U);
  EXPECT_EQ(read.nodes[0].code, "z");
  EXPECT_EQ(read.find("a")->type, "place");
  EXPECT_EQ(read.find("b"), nullptr);
  ASSERT_EQ(read.relations.size(), 1U);
  EXPECT_TRUE(parse_cheimarros("{}").nodes.empty());
  EXPECT_EQ(failure_of([] { parse_cheimarros(R"({"entities":{"a":1}})"); }),
            "entities['a'] is not an object");
}

TEST(ParseReference, NeedsAnAddressOnly) {
  Reference reference = parse_reference(R"({"url":"https://x/1","size":"large","ocr":""})");
  EXPECT_EQ(reference.url, "https://x/1");
  EXPECT_FALSE(reference.size);
  EXPECT_EQ(reference.ocr, "");
  EXPECT_EQ(failure_of([] { parse_reference("{}"); }), "url is missing");
}

std::string edge(const char* direction, const char* target, const char* source) {
  return fmt::format(
      R"({{"direction":"{}","predicate":"employs","target_id":"{}","source_pi":"{}"}})", direction,
      target, source);
}

TEST(ParseLinked, TellsAnEdgeOnceInItsOwnDirection) {
  std::string answer =
      fmt::format(R"({{"entities":[{{"canonical_id":"office","relationships":[{},{}]}},)"
                  R"({{"canonical_id":"ada","relationships":[{}]}}]}})",
                  edge("outgoing", "ada", kPi), edge("outgoing", "ben", kOther),
                  edge("incoming", "office", kPi));
  std::vector<LinkedEntity> linked = parse_linked(answer, *Pi::parse(kPi));
  ASSERT_EQ(linked.size(), 2U);
  ASSERT_EQ(linked[0].relationships.size(), 1U) << "another entity has told the second";
  EXPECT_TRUE(linked[0].relationships[0].is_outgoing);
  EXPECT_TRUE(linked[1].relationships.empty()) << "it is the same edge";
}

TEST(ParseLinked, KeepsADirectionThatOnlyOneEndTells) {
  std::string answer =
      fmt::format(R"({{"entities":[{{"canonical_id":"ada","relationships":[{}]}}]}})",
                  edge("incoming", "office", kPi));
  auto linked = parse_linked(answer, *Pi::parse(kPi));
  ASSERT_EQ(linked.at(0).relationships.size(), 1U);
  EXPECT_FALSE(linked[0].relationships[0].is_outgoing);
}

}  // namespace
}  // namespace gantry::archive
