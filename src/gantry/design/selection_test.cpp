#include "gantry/design/selection.hpp"

#include <algorithm>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace gantry::design {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

figma::Component component(std::string node_id, std::string name, std::string description = "") {
  figma::Component result;
  result.node_id = std::move(node_id);
  result.name = std::move(name);
  result.description = std::move(description);
  result.frame.name = "Icons";
  result.frame.page_name = "Library";
  return result;
}

figma::Component variant(std::string node_id, const std::string& set, std::string name) {
  figma::Component result = component(std::move(node_id), std::move(name));
  result.set = figma::ContainingSet{.name = set, .node_id = "9:" + set};
  return result;
}

std::vector<std::string> names(std::vector<figma::Component> components, Selection selection = {}) {
  if (selection.frame_name.empty()) selection.frame_name = "Icons";
  std::vector<std::string> result;
  for (const auto& selected : select_components(components, selection)) {
    result.push_back(selected.name);
  }
  std::reverse(components.begin(), components.end());
  std::vector<std::string> reversed;
  for (const auto& selected : select_components(components, selection)) {
    reversed.push_back(selected.name);
  }
  EXPECT_EQ(result, reversed) << "the order of the answer shows";
  return result;
}

TEST(Selection, MatchesFrameAndPageExactly) {
  std::vector<figma::Component> components = {component("1:1", "bell"), component("1:2", "dog"),
                                              component("1:3", "cat")};
  components[1].frame.name = "icons";
  components[2].frame.page_name = "Drafts";
  EXPECT_THAT(names(components), ElementsAre("bell", "cat"));
  EXPECT_THAT(names(components, {.frame_name = "Icons", .page_name = "Library"}),
              ElementsAre("bell"));
  EXPECT_THAT(names(components, {.frame_name = "Nowhere"}), IsEmpty());
}

TEST(Selection, ReadsPlatformsFromWholeWordsOfTheDescription) {
  std::vector<figma::Component> components = {component("1:1", "a"),
                                              component("1:2", "b", "ios"),
                                              component("1:3", "c", "android, ios-only"),
                                              component("1:4", "d", "none"),
                                              component("1:5", "e", "kiosk, radios, nonetheless"),
                                              component("1:6", "f", "iOS")};
  auto on = [&](Platform platform) {
    return names(components, {.frame_name = "Icons", .platform = platform});
  };
  EXPECT_THAT(on(Platform::kIos), ElementsAre("a", "b", "c", "e", "f"));
  EXPECT_THAT(on(Platform::kAndroid), ElementsAre("a", "c", "e", "f"));
  EXPECT_THAT(on(Platform::kWeb), ElementsAre("a", "e", "f"));
  EXPECT_THAT(names(components), ElementsAre("a", "b", "c", "d", "e", "f"));
}

TEST(Selection, NamesVariantsBySetAndDistinguishingValues) {
  EXPECT_THAT(names({variant("1:1", "Arrow", "Size=16, State=On"),
                     variant("1:2", "Arrow", "Size=24, State=Off"),
                     variant("1:3", "Bell", "Size=16, State=On"), component("1:4", "Dog"),
                     variant("1:5", "Cat", "Size=16, Color=Red"),
                     variant("1:6", "Cat", "Size=24, Color=Red")}),
              ElementsAre("Arrow/16/On", "Arrow/24/Off", "Bell", "Cat/16", "Cat/24", "Dog"));
}

TEST(Selection, KeepsVariantsApartThatLackAProperty) {
  EXPECT_THAT(
      names({variant("1:1", "Arrow", "Size=16"), variant("1:2", "Arrow", "Size=16, Bold=Yes"),
             variant("1:3", "Odd", "no property"), variant("1:4", "Odd", "another")}),
      ElementsAre("Arrow", "Arrow/Yes", "Odd/another", "Odd/no property"));
}

TEST(Selection, FiltersWithoutChangingNames) {
  std::vector<figma::Component> components = {
      component("1:1", "ic/24/edit"), component("1:2", "ic/24/bell"),
      variant("1:3", "Arrow", "Size=16"), variant("1:4", "Arrow", "Size=24"),
      component("1:5", "ic/24/edit_dark")};
  auto filtered = [&](std::string filter) {
    return names(components,
                 {.frame_name = "Icons", .filter = std::move(filter), .dark_suffix = "_dark"});
  };
  EXPECT_THAT(filtered("ic/*/bell"), ElementsAre("ic/24/bell"));
  EXPECT_THAT(filtered("Arrow/16"), ElementsAre("Arrow/16"));
  EXPECT_THAT(filtered("Arrow"), ElementsAre("Arrow/16", "Arrow/24"));
  EXPECT_THAT(filtered("ic/24/edit"), ElementsAre("ic/24/edit", "ic/24/edit_dark"));
}

TEST(Selection, MarksMirroredIconsAndLeavesTheirRtlVariantsOut) {
  auto selected = select_components(
      {component("1:1", "back", "Arrow, RTL"), component("1:2", "cloud", "partly rainy"),
       variant("1:3", "Next", "Size=16, RTL=Off"), variant("1:4", "Next", "Size=16, RTL=On")},
      {.frame_name = "Icons"});
  ASSERT_EQ(selected.size(), 3U);
  EXPECT_EQ(selected[0].name, "Next");
  EXPECT_TRUE(selected[0].rtl);
  EXPECT_EQ(selected[1].name, "back");
  EXPECT_TRUE(selected[1].rtl);
  EXPECT_FALSE(selected[2].rtl);
}

TEST(Selection, SaysWhichFramesThereAreWhenNothingIsFound) {
  Error error = nothing_selected({component("1:1", "a")}, {.frame_name = "icons"});
  EXPECT_EQ(error.code(), ErrorCode::kNotFound);
  EXPECT_THAT(error.message(), HasSubstr("frame 'icons'"));
  EXPECT_THAT(error.message(), HasSubstr("components in 'Icons'"));
  EXPECT_THAT(nothing_selected({}, {.frame_name = "x"}).message(), HasSubstr("publish"));
}

}  // namespace
}  // namespace gantry::design
