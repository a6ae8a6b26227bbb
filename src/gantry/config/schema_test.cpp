#include <filesystem>
#include <set>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include <boost/json.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gantry/base/files.hpp"
#include "gantry/config/config.hpp"

namespace gantry::config {
namespace {

namespace json = boost::json;
using testing::ElementsAre;

json::value schema() { return json::parse(json_schema()); }

const json::object& at(const json::value& root, std::string_view pointer) {
  return root.at_pointer(pointer).as_object();
}

// Calls visit(object, name) for every schema of a key below `node`.
template <class Visit>
void walk(const json::value& node, const Visit& visit) {
  const json::object& object = node.as_object();
  if (const json::value* properties = object.if_contains("properties")) {
    for (const auto& [name, property] : properties->as_object()) {
      visit(property.as_object(), std::string(name));
      walk(property, visit);
    }
  }
  if (const json::value* items = object.if_contains("items")) walk(*items, visit);
  if (const json::value* forms = object.if_contains("oneOf")) {
    for (const json::value& form : forms->as_array()) walk(form, visit);
  }
}

TEST(Schema, IsStableTextWithTheKeysInOrder) {
  std::string text = json_schema();
  EXPECT_EQ(text, json_schema());
  EXPECT_TRUE(
      text.starts_with("{\n"
                       "  \"$schema\": \"https://json-schema.org/draft/2020-12/schema\",\n"
                       "  \"title\": \"Gantry configuration\",\n"))
      << text.substr(0, 200);
  EXPECT_TRUE(text.ends_with("  \"additionalProperties\": false\n}\n"));
  std::vector<std::string> names;
  json::value root = schema();
  for (const auto& [name, property] : at(root, "/properties")) names.emplace_back(name);
  EXPECT_THAT(
      names, ElementsAre("figma", "common", "ios", "android", "flutter", "web", "batch", "gantry"));
}

TEST(Schema, DescribesEveryKey) {
  std::size_t count = 0;
  walk(schema(), [&](const json::object& property, const std::string& name) {
    ++count;
    EXPECT_TRUE(property.contains("type") != property.contains("oneOf")) << name;
    ASSERT_TRUE(property.contains("title")) << name;
    ASSERT_TRUE(property.contains("description")) << name;
    EXPECT_TRUE(property.at("title").as_string().ends_with(name)) << name;
    EXPECT_FALSE(property.at("description").as_string().empty()) << name;
    if (property.if_contains("properties") != nullptr) {
      EXPECT_EQ(property.at("additionalProperties"), false) << name;
    }
  });
  EXPECT_GT(count, 230U);
}

TEST(Schema, ShowsTypesDefaultsRangesAndWords) {
  struct Case {
    std::string pointer;
    std::string expected;
  };
  const Case cases[] = {
      {"/properties/gantry/properties/parallel",
       R"({"title":"gantry.parallel","description":"Configurations of a batch at once",)"
       R"("type":"integer","minimum":1,"maximum":64})"},
      {"/properties/gantry/properties/concurrentDownloads",
       R"({"title":"gantry.concurrentDownloads","description":"Downloads at once, for each )"
       R"(parallel configuration; auto: as many in all as serve best","oneOf":)"
       R"([{"type":"integer","minimum":1,"maximum":256},{"const":"auto"}]})"},
      {"/properties/web/properties/icons/oneOf/0/properties/iconSize",
       R"({"title":"web.icons.iconSize","description":"Size in pixels that a component has by )"
       R"(default","type":"integer","minimum":1,"maximum":10000,"default":24})"},
      {"/properties/web/properties/icons/oneOf/1/items/properties/nameStyle",
       R"({"title":"web.icons[].nameStyle","description":"Case of the names","type":"string",)"
       R"("enum":["camelCase","snake_case","PascalCase","kebab-case","SCREAMING_SNAKE_CASE"],)"
       R"("default":"snake_case"})"},
      {"/properties/android/properties/images/oneOf/0/properties/scales",
       R"({"title":"android.images.scales","description":"Scales to export","type":"array",)"
       R"("items":{"type":"number","enum":[1,1.5,2,3,4]},"minItems":1,"default":[1,1.5,2,3,4]})"},
      {"/properties/web/properties/colors/oneOf/0/properties/jsonFileName",
       R"({"title":"web.colors.jsonFileName","description":"Name of the JSON file; absent: none )"
       R"(is written","type":"string"})"},
  };
  json::value root = schema();
  for (const Case& test : cases) {
    EXPECT_EQ(root.at_pointer(test.pointer), json::parse(test.expected)) << test.pointer;
  }
}

TEST(Schema, TellsTheSingleFormFromTheList) {
  json::value root = schema();
  const json::object& single = at(root, "/properties/web/properties/colors/oneOf/0");
  const json::object& entry = at(root, "/properties/web/properties/colors/oneOf/1/items");
  EXPECT_FALSE(single.at("properties").as_object().contains("tokensFileId"));
  EXPECT_FALSE(single.contains("required"));
  EXPECT_EQ(entry.at("required"),
            json::value({"tokensFileId", "tokensCollectionName", "lightModeName"}));
}

TEST(Schema, KnowsThatColorAssetsNeedAFolder) {
  json::value root = schema();
  const json::object& colors = at(root, "/properties/ios/properties/colors/oneOf/0");
  EXPECT_EQ(colors.at("if"), json::parse(R"({"properties":{"useColorAssets":{"const":true}},)"
                                         R"("required":["useColorAssets"]})"));
  EXPECT_EQ(colors.at("then"), json::parse(R"({"required":["assetsFolder"]})"));
}

TEST(Schema, HasEveryKeyWithItsMeaningInTheReferencePage) {
  std::filesystem::path page = std::filesystem::path(GANTRY_DOCS) / "configuration.md";
  std::istringstream text(read_file(page));
  std::set<std::pair<std::string, std::string>> rows;
  for (std::string line; std::getline(text, line);) {
    std::size_t name_end = line.find("` |");
    std::size_t meaning = line.rfind(" | ");
    if (!line.starts_with("| `") || meaning == std::string::npos) continue;
    rows.emplace(line.substr(3, name_end - 3), line.substr(meaning + 3));
  }
  walk(schema(), [&](const json::object& property, const std::string& name) {
    std::string meaning(property.at("description").as_string());
    EXPECT_TRUE(rows.contains({name, meaning + " |"})) << "| `" << name << "` | ... | " << meaning;
  });
}

}  // namespace
}  // namespace gantry::config
