#include "gantry/figma/model/styles.hpp"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gantry/base/error.hpp"
#include "gantry/figma/model/refusal_message.hpp"

namespace gantry::figma {
namespace {

using ::testing::HasSubstr;

std::string styles_list(const std::string& items) {
  return R"({"meta":{"styles":[)" + items + "]}}";
}

std::string refused_styles(const std::string& body) {
  return message_of([&body] { parse_styles(body); });
}

TEST(Styles, AreReadInOrder) {
  auto styles = parse_styles(R"({"error":false,"status":200,"meta":{"styles":[
    {"key":"k1","file_key":"F","node_id":"1:2","style_type":"FILL","name":"text/primary",
     "description":"ios","created_at":"c","updated_at":"u","sort_position":"a",
     "user":{"id":"1","handle":"h","img_url":"i"},"thumbnail_url":"t"},
    {"node_id":"1:3","name":"Body","style_type":"TEXT"},
    {"node_id":"1:4","name":"Card","style_type":"EFFECT"},
    {"node_id":"1:5","name":"Page","style_type":"GRID"},
    {"node_id":"1:6","name":"New","style_type":"MOTION"}]},"i18n":null})");
  ASSERT_EQ(styles.size(), 5U);
  EXPECT_EQ(styles[0], (Style{.key = "k1",
                              .node_id = "1:2",
                              .name = "text/primary",
                              .description = "ios",
                              .updated_at = "u",
                              .type = StyleType::kFill}));
  EXPECT_EQ(styles[1].type, StyleType::kText);
  EXPECT_EQ(styles[2].type, StyleType::kEffect);
  EXPECT_EQ(styles[3].type, StyleType::kGrid);
  EXPECT_EQ(styles[4].type, StyleType::kOther);
}

TEST(Styles, KeepsTheFirstOfEqualNodeIds) {
  auto styles = parse_styles(styles_list(R"({"node_id":"1:2","name":"a","style_type":"FILL"},
    {"node_id":"1:2","name":"b","style_type":"FILL"})"));
  ASSERT_EQ(styles.size(), 1U);
  EXPECT_EQ(styles[0].name, "a");
  EXPECT_EQ(parse_styles(R"({"meta":{"styles":[{"node_id":"1:2","name":"a","style_type":"FILL"}],
    "styles":[{"node_id":"1:2","name":"b","style_type":"FILL"}]}})")[0]
                .name,
            "b");
}

TEST(Styles, NamesThePathAtFault) {
  struct Case {
    const char* items;
    const char* fault;
  };
  const Case cases[] = {
      {R"(7)", "meta.styles[0] is not an object"},
      {R"({"name":"a","style_type":"FILL"})", "meta.styles[0].node_id is missing"},
      {R"({"node_id":"","name":"a","style_type":"FILL"})", "meta.styles[0].node_id is empty"},
      {R"({"node_id":"1","name":null,"style_type":"FILL"})", "meta.styles[0].name is not a string"},
      {R"({"node_id":"1","name":"a"})", "meta.styles[0].style_type is missing"},
      {R"({"node_id":"1","name":"a","style_type":1})", "meta.styles[0].style_type is not a string"},
  };
  for (const Case& one : cases)
    EXPECT_THAT(refused_styles(styles_list(one.items)), HasSubstr(one.fault));
  EXPECT_EQ(refused_styles(R"({"error":true,"status":404,"message":"Not found"})"),
            "Figma answers: Not found");
}

}  // namespace
}  // namespace gantry::figma
