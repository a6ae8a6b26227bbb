#include "gantry/figma/model/nodes.hpp"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gantry/base/error.hpp"
#include "gantry/figma/model/refusal_message.hpp"

namespace gantry::figma {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using Unit = TextProperties::LineHeightUnit;
using Case = TextProperties::Case;

std::string answer(const std::string& fields) {
  return R"({"nodes":{"1:2":{"document":{"id":"1:2","name":"n",)" + fields + "}}}}";
}

Node node(const std::string& fields) { return *parse_nodes(answer(fields)).at("1:2"); }

Paint paint(const std::string& paint) { return node(R"("fills":[)" + paint + "]").fills.at(0); }

TextProperties text(const std::string& style) {
  return *node(R"("type":"TEXT","style":{"fontSize":16)" + style + "}").text;
}

std::string refused_nodes(const std::string& body) {
  return message_of([&body] { parse_nodes(body); });
}

TEST(Nodes, TellAbsentFromPresent) {
  Nodes nodes = parse_nodes(
      R"({"nodes":{"1:2":{"document":{"name":"bell","type":"BRAND_NEW"}},"9:9":null}})");
  ASSERT_TRUE(nodes.at("1:2"));
  EXPECT_EQ(nodes.at("1:2")->name, "bell");
  EXPECT_EQ(nodes.at("1:2")->type, "BRAND_NEW");
  EXPECT_THAT(nodes.at("1:2")->fills, IsEmpty());
  EXPECT_FALSE(nodes.at("1:2")->text);
  EXPECT_FALSE(nodes.at("9:9"));
  EXPECT_EQ(nodes.size(), 2U);
}

TEST(Nodes, HaveSolidPaints) {
  Paint solid = paint(R"({"type":"SOLID","blendMode":"NORMAL","visible":false,"opacity":0.25,
    "color":{"r":1,"g":0.5,"b":0,"a":0.75}})");
  EXPECT_EQ(solid, (Paint{.kind = Paint::Kind::kSolid,
                          .visible = false,
                          .opacity = 0.25,
                          .color = {1, 0.5, 0, 0.75},
                          .stops = {}}));
  Paint plain = paint(R"({"type":"SOLID","color":{"r":0,"g":0,"b":0},"opacity":null})");
  EXPECT_TRUE(plain.visible);
  EXPECT_FALSE(plain.opacity);
  EXPECT_EQ(plain.color.a, 1);
}

TEST(Nodes, HaveGradientsOfEveryKind) {
  auto gradient = [](const std::string& kind) {
    return paint(R"({"type":"GRADIENT_)" + kind + R"(","gradientHandlePositions":[{"x":0,"y":0}],
      "gradientStops":[{"position":0,"color":{"r":1,"g":0,"b":0,"a":1}},
        {"position":0.5,"color":{"r":0,"g":0,"b":1,"a":0},"boundVariables":{}}]})");
  };
  EXPECT_THAT(gradient("LINEAR").stops,
              ElementsAre(GradientStop{0, {1, 0, 0, 1}}, GradientStop{0.5, {0, 0, 1, 0}}));
  EXPECT_EQ(gradient("LINEAR").kind, Paint::Kind::kLinearGradient);
  EXPECT_EQ(gradient("RADIAL").kind, Paint::Kind::kRadialGradient);
  EXPECT_EQ(gradient("ANGULAR").kind, Paint::Kind::kAngularGradient);
  EXPECT_EQ(gradient("DIAMOND").kind, Paint::Kind::kDiamondGradient);
}

TEST(Nodes, KeepThePlaceOfPaintsThatAreOfNoUse) {
  Node image = node(R"("fills":[{"type":"IMAGE","imageRef":"x","opacity":0.5},
    {"type":"BRAND_NEW","color":7},{"type":"SOLID","color":{"r":0,"g":0,"b":0,"a":1}}])");
  ASSERT_EQ(image.fills.size(), 3U);
  EXPECT_EQ(image.fills[0].kind, Paint::Kind::kOther);
  EXPECT_EQ(image.fills[0].opacity, 0.5);
  EXPECT_EQ(image.fills[1].kind, Paint::Kind::kOther);
  EXPECT_EQ(image.fills[2].kind, Paint::Kind::kSolid);
}

TEST(Nodes, HaveThePropertiesOfText) {
  EXPECT_EQ(text(R"(,"fontFamily":"Inter","fontPostScriptName":"Inter-Bold","fontWeight":700,
      "lineHeightPx":24.5,"lineHeightUnit":"FONT_SIZE_%","letterSpacing":-0.5,"textCase":"UPPER",
      "textAlignHorizontal":"LEFT","fills":[7],"opentypeFlags":{"LIGA":0})"),
            (TextProperties{.family = "Inter",
                            .postscript_name = "Inter-Bold",
                            .weight = 700,
                            .size = 16,
                            .line_height = 24.5,
                            .letter_spacing = -0.5,
                            .line_height_unit = Unit::kFontSizePercent,
                            .text_case = Case::kUpper}));
  TextProperties bare = text(R"(,"fontPostScriptName":null)");
  EXPECT_EQ(bare, (TextProperties{.family = "", .postscript_name = "", .size = 16}));
  EXPECT_EQ(bare.line_height_unit, Unit::kIntrinsic) << "there is no height";
}

TEST(Nodes, KnowUnitsAndCases) {
  auto unit = [](const std::string& word) {
    return text(R"(,"lineHeightPx":20,"lineHeightUnit":")" + word + "\"").line_height_unit;
  };
  EXPECT_EQ(unit("PIXELS"), Unit::kPixels);
  EXPECT_EQ(unit("INTRINSIC_%"), Unit::kIntrinsic);
  EXPECT_EQ(unit("BRAND_NEW"), Unit::kPixels) << "the height is told in pixels";
  auto text_case = [](const std::string& word) {
    return text(R"(,"textCase":")" + word + "\"").text_case;
  };
  EXPECT_EQ(text_case("ORIGINAL"), Case::kOriginal);
  EXPECT_EQ(text_case("LOWER"), Case::kLower);
  EXPECT_EQ(text_case("TITLE"), Case::kTitle);
  EXPECT_EQ(text_case("SMALL_CAPS"), Case::kSmallCaps);
  EXPECT_EQ(text_case("SMALL_CAPS_FORCED"), Case::kSmallCapsForced);
  EXPECT_EQ(text_case("BRAND_NEW"), Case::kOriginal);
}

TEST(Nodes, TakeNothingFromInsideTheNode) {
  Node frame = node(R"("type":"FRAME","style":{"fontSize":"odd"},"children":[
    {"name":7,"fills":7,"type":"TEXT","style":{"fontSize":true}}],"fills":[])");
  EXPECT_EQ(frame, (Node{.name = "n", .type = "FRAME", .fills = {}, .text = std::nullopt}));
}

TEST(Nodes, NameThePathAtFault) {
  struct Fault {
    std::string body;
    const char* says;
  };
  const Fault faults[] = {
      {R"({"nodes":[]})", "nodes is not an object"},
      {R"({"nodes":{"1:2":7}})", "nodes.1:2 is not an object"},
      {R"({"nodes":{"1:2":{}}})", "nodes.1:2.document is missing"},
      {R"({"nodes":{"1:2":{"document":{}}}})", "nodes.1:2.document.name is missing"},
      {answer(R"("fills":{})"), "nodes.1:2.document.fills is not an array"},
      {answer(R"("fills":[7])"), "nodes.1:2.document.fills[0] is not an object"},
      {answer(R"("fills":[{"type":"IMAGE"},{}])"), "document.fills[1].type is missing"},
      {answer(R"("fills":[{"type":"SOLID"}])"), "document.fills[0].color is missing"},
      {answer(R"("fills":[{"type":"SOLID","color":{"r":0,"g":0}}])"),
       "fills[0].color.b is missing"},
      {answer(R"("fills":[{"type":"SOLID","color":{"r":"0"}}])"), "color.r is not a number"},
      {answer(R"("fills":[{"type":"SOLID","color":{"r":1.01}}])"), "color.r is not from 0 to 1"},
      {answer(R"("fills":[{"type":"SOLID","color":{"r":1e400}}])"),
       "color.r is too large a number"},
      {answer(R"("fills":[{"type":"IMAGE","opacity":-1}])"), "fills[0].opacity is not from 0 to 1"},
      {answer(R"("fills":[{"type":"IMAGE","visible":1}])"), "visible is neither true nor false"},
      {answer(R"("fills":[{"type":"GRADIENT_LINEAR"}])"), "fills[0].gradientStops is missing"},
      {answer(R"("fills":[{"type":"GRADIENT_LINEAR","gradientStops":[{}]}])"),
       "fills[0].gradientStops[0].position is missing"},
      {answer(R"("type":"TEXT","style":{})"), "document.style.fontSize is missing"},
      {answer(R"("type":"TEXT","style":{"fontSize":1,"fontWeight":"bold"})"),
       "document.style.fontWeight is not a number"},
  };
  for (const Fault& one : faults) EXPECT_THAT(refused_nodes(one.body), HasSubstr(one.says));
  EXPECT_EQ(refused_nodes(R"({"status":403,"err":"Invalid token"})"),
            "Figma answers: Invalid token");
}

}  // namespace
}  // namespace gantry::figma
