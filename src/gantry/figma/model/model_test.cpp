#include "gantry/figma/model/model.hpp"

#include <chrono>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gantry/base/error.hpp"
#include "gantry/figma/model/refusal_message.hpp"

namespace gantry::figma {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(FileMeta, ReadsAllThreeShapes) {
  FileMeta flat = parse_file_meta(
      R"({"name":"Icons","version":"7","last_touched_at":"2026-01-13T17:50:26Z","editorType":"figma"})");
  EXPECT_EQ(flat.name, "Icons");
  EXPECT_EQ(flat.version, "7");
  EXPECT_EQ(flat.last_modified, "2026-01-13T17:50:26Z");
  FileMeta wrapped = parse_file_meta(R"({"file":{"name":"Icons","version":"7","editorType":"x"}})");
  EXPECT_EQ(wrapped.version, "7");
  FileMeta whole = parse_file_meta(
      R"({"name":"Icons","version":"8","lastModified":"2026","document":{"children":[]}})");
  EXPECT_EQ(whole.last_modified, "2026");
}

TEST(FileMeta, SaysWhatIsMissing) {
  EXPECT_THAT(message_of([] { parse_file_meta(R"({"file":{"version":"7"}})"); }),
              HasSubstr("file.name is missing"));
  EXPECT_THAT(message_of([] { parse_file_meta("<html>"); }), HasSubstr("not valid JSON"));
  EXPECT_THAT(message_of([] { parse_file_meta("[]"); }), HasSubstr("the body is not an object"));
}

TEST(Components, ReadsVariantsUnderEitherKey) {
  auto components = parse_components(R"({"error":false,"status":200,"meta":{"components":[
    {"node_id":"1:2","name":"Size=16","description":"ios","updated_at":"u",
     "containing_frame":{"name":"F","nodeId":"0:9","pageId":"0:1","pageName":"P",
       "containingComponentSet":{"name":"Arrow","nodeId":"1:1"},
       "containingStateGroup":{"name":"Old","nodeId":"1:0"}}},
    {"node_id":"1:3","name":"Size=24","containing_frame":
       {"containingComponentSet":null,"containingStateGroup":{"name":"Old","nodeId":"1:0"}}},
    {"node_id":"1:4","name":"bell","brand_new_field":[1,2]}]},"i18n":null})");
  ASSERT_EQ(components.size(), 3U);
  EXPECT_EQ(components[0].set->name, "Arrow");
  EXPECT_EQ(components[0].frame.page_name, "P");
  EXPECT_EQ(components[0].description, "ios");
  EXPECT_EQ(components[1].set->node_id, "1:0");
  EXPECT_FALSE(components[2].set);
}

TEST(Components, KeepsTheFirstOfEqualNodeIds) {
  auto components = parse_components(
      R"({"meta":{"components":[{"node_id":"1:2","name":"a"},{"node_id":"1:2","name":"b"}]}})");
  ASSERT_EQ(components.size(), 1U);
  EXPECT_EQ(components[0].name, "a");
}

TEST(Components, NamesThePathAtFault) {
  EXPECT_THAT(
      message_of([] {
        parse_components(R"({"meta":{"components":[{"node_id":"1:2","name":"a"},{"name":"b"}]}})");
      }),
      HasSubstr("meta.components[1].node_id is missing"));
  EXPECT_THAT(message_of([] { parse_components(R"({"meta":{"components":{}}})"); }),
              HasSubstr("meta.components is not an array"));
  EXPECT_THAT(message_of([] { parse_components(R"({"meta":{"components":[{"node_id":5}]}})"); }),
              HasSubstr("meta.components[0].node_id is not a string"));
}

TEST(Components, PassesFigmasOwnMessageOn) {
  EXPECT_THAT(message_of([] { parse_components(R"({"status":403,"err":"Invalid token"})"); }),
              HasSubstr("Figma answers: Invalid token"));
}

TEST(Components, RefusesEndlessNesting) {
  EXPECT_THAT(message_of([] { parse_components(std::string(5'000'000, '[')); }),
              HasSubstr("not valid JSON"));
}

TEST(Images, TellsUnrenderableFromRendered) {
  RenderedImages images = parse_images(R"({"err":null,"images":{"1:2":"https://x/y","1:3":null}})");
  EXPECT_FALSE(images.error);
  EXPECT_EQ(images.urls.at("1:2"), "https://x/y");
  EXPECT_FALSE(images.urls.at("1:3"));
  EXPECT_EQ(parse_images(R"({"err":"Render timeout"})").error, "Render timeout");
  EXPECT_THAT(message_of([] { parse_images(R"({"err":null,"images":{"1:2":7}})"); }),
              HasSubstr("images.1:2 is not a string"));
}

TEST(Problem, ReadsBothShapesAndNothingElse) {
  auto first = parse_problem(R"({"status":404,"err":"Not found"})");
  ASSERT_TRUE(first);
  EXPECT_EQ(first->status, 404);
  EXPECT_EQ(first->message, "Not found");
  auto second = parse_problem(R"({"error":true,"status":403,"message":"Forbidden"})");
  ASSERT_TRUE(second);
  EXPECT_EQ(second->message, "Forbidden");
  EXPECT_FALSE(parse_problem("<html>502</html>"));
  EXPECT_FALSE(parse_problem(R"({"err":null,"images":{}})"));
}

}  // namespace
}  // namespace gantry::figma
