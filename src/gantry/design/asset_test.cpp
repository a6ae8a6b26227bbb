#include "gantry/design/asset.hpp"

#include <algorithm>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gantry/base/error.hpp"
#include "gantry/base/relative_path.hpp"
#include "gantry/design/names.hpp"
#include "gantry/design/node_id.hpp"

namespace gantry::design {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

SelectedComponent selected(std::string node_id, std::string name) {
  return {.name = std::move(name),
          .set_name = "",
          .node_id = std::move(node_id),
          .page = "Library",
          .frame = "Icons"};
}

Source light(std::vector<SelectedComponent> components) {
  return {.file_key = "KEY", .components = std::move(components)};
}

Source dark(std::vector<SelectedComponent> components) {
  return {.file_key = "DARK", .components = std::move(components)};
}

// "name", or "name+dark_name<node of dark>".
std::vector<std::string> names(const AssetList& list) {
  std::vector<std::string> result;
  for (const Asset& asset : list.assets) {
    result.push_back(asset.name);
    if (asset.dark) result.back() += "+" + asset.dark_name + "<" + asset.dark->text() + ">";
  }
  return result;
}

std::vector<std::string> messages(const AssetList& list) {
  std::vector<std::string> result;
  for (const Finding& finding : list.findings) {
    bool error = finding.kind == Finding::Kind::kError;
    result.push_back((error ? "error: " : "warning: ") + finding.message);
  }
  return result;
}

TEST(NodeId, ComparesNumbersNotText) {
  EXPECT_TRUE(node_id_less("9:5", "140:12197"));
  EXPECT_TRUE(node_id_less("1:9", "1:10"));
  EXPECT_FALSE(node_id_less("1:10", "1:9"));
  EXPECT_TRUE(node_id_less("1:2", "I1:2;3:4"));
  EXPECT_FALSE(node_id_less("1:2", "1:2"));
  EXPECT_TRUE(node_id_less("1:2", "1:02") != node_id_less("1:02", "1:2"));
}

TEST(Names, NormalisesAsTheConfigurationsExpect) {
  EXPECT_EQ(normalised_name("tint/tint"), "tint");
  EXPECT_EQ(normalised_name("ic/24/edit"), "ic_24_edit");
  EXPECT_EQ(normalised_name("/ic//edit/"), "ic_edit");
  EXPECT_EQ(normalised_name("a/a/a"), "a_a_a");
  EXPECT_EQ(normalised_name("Icon / bell"), "Icon _ bell");
}

TEST(Assets, PassNamesThroughValidateReplaceAndStyle) {
  NameRules rules{
      .style = NameStyle::kKebabCase, .validate = "^ic_(\\d\\d)_(\\w+)$", .replace = "icon_$2_$1"};
  AssetList list = make_assets(light({selected("1:1", "ic/24/bellRing"), selected("1:2", "bell")}),
                               std::nullopt, rules);
  EXPECT_THAT(names(list), ElementsAre("icon-bell-ring-24"));
  EXPECT_THAT(messages(list),
              ElementsAre(AllOf(HasSubstr("error: component 'bell' (node 1:2, page 'Library'"),
                                HasSubstr("https://www.figma.com/design/KEY?node-id=1-2"))));
  EXPECT_TRUE(list.has_errors());
}

TEST(Assets, RefuseWrongExpressionsOfTheConfiguration) {
  EXPECT_THROW(make_assets({}, {}, {.validate = "("}), Error);
  EXPECT_THROW(make_assets({}, {}, {.validate = "a", .replace = "$1"}), Error);
}

TEST(Assets, PairLightAndDarkByName) {
  AssetList list = make_assets(light({selected("1:1", "bell"), selected("1:2", "dog")}),
                               dark({selected("7:1", "bell"), selected("7:2", "cat")}), {});
  EXPECT_THAT(names(list), ElementsAre("bell+bell_dark<DARK/7:1>", "dog"));
  EXPECT_THAT(messages(list), ElementsAre(HasSubstr("warning: component 'dog' (node 1:2"),
                                          AllOf(HasSubstr("error: component 'cat' (node 7:2"),
                                                HasSubstr("design/DARK?node-id=7-2"))));
}

TEST(Assets, SplitOneFileBySuffix) {
  SelectedComponent variant = selected("1:5", "Arrow_dark/16");
  variant.set_name = "Arrow_dark";
  auto [bright, night] =
      split_light_dark(light({selected("1:1", "bell"), selected("1:2", "bell_dark"),
                              selected("1:3", "darkness"), selected("1:4", "Arrow/16"), variant}),
                       "_dark");
  EXPECT_THAT(
      names(make_assets(bright, night, {})),
      ElementsAre("arrow_16+arrow_16_dark<KEY/1:5>", "bell+bell_dark<KEY/1:2>", "darkness"));
  EXPECT_THAT(split_light_dark(light({selected("1:1", "bell")}), "").second.components, IsEmpty());
}

TEST(Assets, ExportEqualNamesUnderDistinctOnes) {
  AssetList list =
      make_assets(light({selected("140:12197", "pop/corn"), selected("9:5", "popCorn"),
                         selected("200:1", "POP CORN"), selected("300:1", "pop corn 140 12197")}),
                  std::nullopt, {});
  EXPECT_THAT(names(list), ElementsAre("pop_corn", "pop_corn_140_12197",
                                       "pop_corn_140_12197_140_12197", "pop_corn_200_1"));
  EXPECT_FALSE(list.has_errors());
  EXPECT_THAT(messages(list),
              ElementsAre(AllOf(HasSubstr("'pop/corn' (node 140:12197"),
                                HasSubstr("taken by component 'popCorn' (node 9:5")),
                          HasSubstr("exported as 'pop_corn_200_1'")));
}

TEST(Assets, TellNamesApartThatDifferInCaseOrUnicodeFormOnly) {
  AssetList list = make_assets(light({selected("1:1", "cafe\u0301"), selected("1:2", "caf\u00e9"),
                                      selected("1:3", "BELL"), selected("1:4", "bell")}),
                               std::nullopt, {.style = NameStyle::kCamelCase});
  EXPECT_THAT(names(list), ElementsAre("bell", "bellN1N4", "caf\u00e9", "caf\u00e9N1N2"));
}

TEST(Assets, KeepDarkFileNamesFree) {
  AssetList list = make_assets(light({selected("1:1", "bell"), selected("1:2", "bell_dark")}),
                               dark({selected("7:1", "bell")}), {});
  EXPECT_THAT(names(list), ElementsAre("bell+bell_dark<DARK/7:1>", "bell_dark_1_2"));
}

TEST(Assets, PairDuplicatesInTheOrderOfTheirNodeIds) {
  AssetList list = make_assets(
      light({selected("10:1", "bell"), selected("9:1", "bell")}),
      dark({selected("70:1", "bell"), selected("8:1", "bell"), selected("80:1", "bell")}), {});
  EXPECT_THAT(names(list),
              ElementsAre("bell+bell_dark<DARK/8:1>", "bell_10_1+bell_10_1_dark<DARK/70:1>"));
  EXPECT_THAT(messages(list)[0], HasSubstr("'bell' (node 80:1"));
}

TEST(Assets, NeverDependOnTheOrderOfTheAnswer) {
  std::vector<SelectedComponent> components = {selected("3:1", "a/b"), selected("1:1", "a b"),
                                               selected("2:1", "A-B"), selected("4:1", "..")};
  std::vector<SelectedComponent> reversed(components.rbegin(), components.rend());
  AssetList one = make_assets(light(components), std::nullopt, {});
  AssetList other = make_assets(light(reversed), std::nullopt, {});
  EXPECT_EQ(names(one), names(other));
  EXPECT_EQ(messages(one), messages(other));
  EXPECT_THAT(names(one), ElementsAre("a_b", "a_b_2_1", "a_b_3_1"));
}

TEST(Assets, RefuseHostileNamesAndKeepTheOthers) {
  std::vector<std::string> hostile = {"../../x",
                                      "a/../b",
                                      "a/./b",
                                      " .. ",
                                      ".",
                                      "..",
                                      "",
                                      "  ",
                                      "/",
                                      "CON",
                                      "lpt1",
                                      "a\nb",
                                      "a\x1b[31mb",
                                      "***",
                                      "aux",
                                      std::string(300, 'x'),
                                      std::string("a\0b", 3)};
  std::vector<SelectedComponent> components = {selected("99:1", "bell")};
  for (std::size_t i = 0; i < hostile.size(); ++i) {
    components.push_back(selected("1:" + std::to_string(i), hostile[i]));
  }
  AssetList list = make_assets(light(components), std::nullopt, {});
  EXPECT_THAT(names(list), ElementsAre("bell"));
  EXPECT_EQ(list.findings.size(), hostile.size());
  for (const Finding& finding : list.findings) {
    EXPECT_EQ(finding.kind, Finding::Kind::kError);
    EXPECT_THAT(finding.message, HasSubstr(finding.node_id));
    EXPECT_EQ(finding.message.find_first_of("\n\x1b"), std::string::npos);
    EXPECT_LT(finding.message.size(), 600U);
  }
}

TEST(Assets, SurviveNodeIdsThatAreNone) {
  AssetList list = make_assets(
      light({selected("../../x", "bell"), selected(":", "bell"), selected("1:1", "bell")}),
      std::nullopt, {});
  EXPECT_EQ(list.assets.size(), 3U);
  for (const Asset& asset : list.assets) EXPECT_EQ(unsafe_segment(asset.name), std::nullopt);
}

}  // namespace
}  // namespace gantry::design
