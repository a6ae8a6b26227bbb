#include "apps/sandbox/tokens.hpp"

#include <map>
#include <set>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "apps/sandbox/test_client.hpp"

namespace gantry::sandbox {
namespace {

namespace json = boost::json;
using ::testing::ElementsAre;
using ::testing::Pair;

std::string_view text(const json::value& value) { return value.as_string(); }

// What the file publishes under /styles: name -> the item.
std::map<std::string, json::value> styles_of(const Running& running, const std::string& file) {
  std::map<std::string, json::value> styles;
  const auto answer = running.api("/v1/files/" + file + "/styles").json();
  for (const auto& style : answer.at("meta").at("styles").as_array()) {
    styles[std::string(text(style.at("name")))] = style;
  }
  return styles;
}

json::value node_of(const Running& running, const std::string& file, const json::value& style) {
  const std::string id(text(style.at("node_id")));
  return running.api("/v1/files/" + file + "/nodes?ids=" + id)
      .json()
      .at("nodes")
      .at(id)
      .at("document");
}

// A colour with its opacity, of a style's node.
std::string color_of(const json::value& node) {
  const auto& paint = node.at("fills").at(0).as_object();
  auto color = paint.at("color").as_object();
  if (paint.contains("opacity")) color["a"] = paint.at("opacity");
  return json::serialize(color);
}

// The colour of a variable in a mode of its collection, through aliases of primitives.
std::string color_of(const json::value& meta, const json::value& variable, std::string_view mode) {
  const auto& value = variable.at("valuesByMode").at(mode);
  if (value.as_object().contains("r")) return json::serialize(value);
  const auto& target = meta.at("variables").at(text(value.at("id")));
  const auto& collection =
      meta.at("variableCollections").at(text(target.at("variableCollectionId")));
  return color_of(meta, target, text(collection.at("defaultModeId")));
}

TEST(Tokens, AreAFewHundredColoursAndText) {
  const Running running(small_options());
  std::map<std::string, int> by_type;
  for (const auto& [name, style] : styles_of(running, "sandbox-light")) {
    ++by_type[std::string(text(style.at("style_type")))];
  }
  EXPECT_THAT(by_type,
              ElementsAre(Pair("EFFECT", 1), Pair("FILL", 241), Pair("GRID", 1), Pair("TEXT", 20)));
}

TEST(Tokens, HaveTheSameColourAsStyleAndAsVariable) {
  Options options = small_options();
  options.design.tokens.colors = 60;
  const Running running(options);
  const auto meta = running.api("/v1/files/sandbox-light/variables/local").json().at("meta");
  const auto light = styles_of(running, "sandbox-light");
  const auto dark = styles_of(running, "sandbox-dark");
  std::set<std::string> seen;
  for (const auto& [id, variable] : meta.at("variables").as_object()) {
    const auto found = light.find(std::string(text(variable.at("name"))));
    if (found == light.end()) continue;
    EXPECT_EQ(color_of(node_of(running, "sandbox-light", found->second)),
              color_of(meta, variable, "2:0"));
    EXPECT_EQ(color_of(node_of(running, "sandbox-dark", dark.at(found->first))),
              color_of(meta, variable, "2:1"));
    seen.insert(found->first);
  }
  EXPECT_EQ(seen.size(), 60U);
}

TEST(Tokens, AreInOneFileWithASuffix) {
  const Running running(small_options());
  const auto single = styles_of(running, "sandbox-single");
  const auto dark = styles_of(running, "sandbox-dark");
  EXPECT_EQ(single.size(), dark.size() + 240);
  EXPECT_EQ(color_of(node_of(running, "sandbox-single", single.at("text/primary_dark"))),
            color_of(node_of(running, "sandbox-dark", dark.at("text/primary"))));
}

TEST(Tokens, ChangeAsTheyAreTold) {
  Options options = small_options();
  const auto before = make_tokens({.colors = 20}, 1, Palette::kLight).styles;
  const auto after = make_tokens({.colors = 20, .changed = 3}, 1, Palette::kLight).styles;
  ASSERT_EQ(before.size(), after.size());
  int differing = 0;
  for (std::size_t i = 0; i < 20; ++i) {
    EXPECT_EQ(before[i].name, after[i].name);
    if (std::get<Rgba>(before[i].look) != std::get<Rgba>(after[i].look)) ++differing;
  }
  EXPECT_EQ(differing, 3);
}

TEST(Tokens, HaveNamesOfTheirOwnHoweverManyThereAre) {
  std::set<std::string> names;
  const auto tokens = make_tokens({.colors = 1000, .text_styles = 100}, 1, Palette::kLight);
  for (const auto& style : tokens.styles) names.insert(style.name);
  EXPECT_EQ(names.size(), 1000U + 100U + 3U);
  EXPECT_TRUE(names.contains("background/primary"));
  EXPECT_TRUE(names.contains("heading/large"));
}

TEST(Tokens, HaveModesNamedByTheirCollection) {
  const auto collections = make_tokens({}, 1, Palette::kLight).collections;
  EXPECT_EQ(collections.at(1).mode_id(1), "2:1");
  EXPECT_EQ(collections.at(3).mode_id(0), "4:0") << "of another file";
}

TEST(Tokens, ShowVariablesOfOtherFilesAndDeletedOnes) {
  const Running running(small_options());
  const auto meta = running.api("/v1/files/sandbox-light/variables/local").json().at("meta");
  int remote = 0;
  int deleted = 0;
  for (const auto& [id, variable] : meta.at("variables").as_object()) {
    if (variable.at("remote").as_bool()) ++remote;
    if (variable.as_object().contains("deletedButReferenced")) ++deleted;
  }
  EXPECT_EQ(remote, 1);
  EXPECT_EQ(deleted, 1);
}

TEST(Tokens, SetTrapsInTheHostileFile) {
  Options options = small_options();
  options.design.hostile = true;
  const Running running(options);
  const auto meta = running.api("/v1/files/sandbox-hostile/variables/local").json().at("meta");
  const auto& variables = meta.at("variables");
  EXPECT_EQ(variables.at("VariableID:666:1").at("valuesByMode").at("666:0").at("id"),
            "VariableID:666:1");
  EXPECT_FALSE(variables.as_object().contains("VariableID:404:404"));
  EXPECT_TRUE(styles_of(running, "sandbox-hostile").contains("../../x"));
}

TEST(SandboxApi, DeniesVariablesAsForPlansWithoutThem) {
  Options options = small_options();
  options.api.forbid_variables = true;
  const Running running(options);
  const auto denied = running.api("/v1/files/sandbox-light/variables/local");
  EXPECT_EQ(denied.status, 403);
  EXPECT_EQ(denied.body, R"({"error":true,"status":403,"message":"Limited by Figma plan"})");
  EXPECT_EQ(running.stats().at("api").at("by_endpoint").at("GET /v1/files/:key/variables/local"),
            1);
  EXPECT_EQ(running.stats().at("api").at("max_calls_in_window").at("tier2"), 1);
}

}  // namespace
}  // namespace gantry::sandbox
