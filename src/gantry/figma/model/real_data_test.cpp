// Real answers, read once more through a tree of JSON values; skipped where ../shared is absent.
#include <algorithm>
#include <array>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include <boost/json.hpp>
#include <gtest/gtest.h>

#include "gantry/figma/model/codec.hpp"

#include "testing/data.hpp"
#include "testing/files.hpp"

namespace gantry::figma {
namespace {

namespace json = boost::json;

// Nothing where there is no such data.
std::optional<std::string> unpacked(const std::string& name) {
  auto data = testing::shared_data();
  if (!data) return std::nullopt;
  testing::TemporaryFolder folder;
  testing::unpack_xz(*data / "figma" / name, folder.path() / "answer.json");
  std::ifstream file(folder.path() / "answer.json", std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(file), {});
}

std::string line_of(const json::object& component) {
  auto text = [](const json::object& from, std::string_view key) {
    const json::value* found = from.if_contains(key);
    return found != nullptr && found->is_string() ? std::string(found->get_string()) + "\n" : "\n";
  };
  std::string line;
  for (const char* key : {"node_id", "name", "description", "updated_at"}) {
    line += text(component, key);
  }
  const json::object& frame = component.at("containing_frame").as_object();
  for (const char* key : {"name", "nodeId", "pageId", "pageName"}) line += text(frame, key);
  if (const json::value* set = frame.if_contains("containingComponentSet")) {
    line += text(set->as_object(), "name") + text(set->as_object(), "nodeId");
  }
  return line;
}

std::string line_of(const Component& component) {
  std::string line;
  for (const std::string& text :
       {component.node_id, component.name, component.description, component.updated_at,
        component.frame.name, component.frame.node_id, component.frame.page_id,
        component.frame.page_name}) {
    line += text + "\n";
  }
  if (component.set) line += component.set->name + "\n" + component.set->node_id + "\n";
  return line;
}

void expect_same(const std::string& file, const std::string& list, auto parse) {
  auto body = unpacked(file);
  if (!body) GTEST_SKIP() << "needs ../shared/data";
  json::value root = json::parse(*body);
  const json::array& items = root.at("meta").at(list).as_array();
  std::vector<Component> components = parse(*body);
  ASSERT_EQ(components.size(), items.size());
  for (std::size_t i = 0; i < items.size(); ++i) {
    ASSERT_EQ(line_of(components[i]), line_of(items[i].as_object()));
  }
}

TEST(ComponentRealData, HasEveryByteOfTheComponents) {
  expect_same("fdb-components-3718.json.xz", "components", parse_components);
}

TEST(ComponentRealData, HasEveryByteOfTheComponentSets) {
  expect_same("fdb-component_sets-67.json.xz", "component_sets", parse_component_sets);
}

// The tree that a value was read from, but for the last bits of numbers.
void expect_same(const json::value& expected, const json::value& read, const std::string& where) {
  ASSERT_EQ(expected.is_number(), read.is_number()) << where;
  if (expected.is_number()) {
    ASSERT_DOUBLE_EQ(expected.to_number<double>(), read.to_number<double>()) << where;
  } else if (expected.is_object()) {
    ASSERT_TRUE(read.is_object()) << where;
    ASSERT_EQ(expected.get_object().size(), read.get_object().size()) << where;
    for (const auto& [key, value] : expected.get_object()) {
      std::string name = where + "." + std::string(key);
      ASSERT_TRUE(read.get_object().contains(key)) << name;
      expect_same(value, read.get_object().at(key), name);
    }
  } else if (expected.is_array()) {
    ASSERT_TRUE(read.is_array()) << where;
    ASSERT_EQ(expected.get_array().size(), read.get_array().size()) << where;
    for (std::size_t i = 0; i < expected.get_array().size(); ++i) {
      expect_same(expected.get_array()[i], read.get_array()[i], where + "[]");
    }
  } else {
    ASSERT_EQ(expected, read) << where;
  }
}

json::value tree_of(const Color& color) {
  return json::object{{"r", color.r}, {"g", color.g}, {"b", color.b}, {"a", color.a}};
}

struct TreeOfValue {
  json::value operator()(std::monostate) const { return nullptr; }
  json::value operator()(bool value) const { return value; }
  json::value operator()(double value) const { return value; }
  json::value operator()(const std::string& value) const { return json::string(value); }
  json::value operator()(const Color& value) const { return tree_of(value); }
  json::value operator()(const VariableAlias& value) const {
    return json::object{{"type", "VARIABLE_ALIAS"}, {"id", value.id}};
  }
  json::value operator()(const ComposedColor&) const { return nullptr; }
};

json::array tree_of(const std::vector<std::string>& texts) {
  return json::array(texts.begin(), texts.end());
}

json::object tree_of(const std::string& id, const Variable& variable) {
  constexpr std::array kTypes = {"BOOLEAN", "FLOAT", "STRING", "COLOR", "?"};
  json::object values;
  for (const auto& [mode, value] : variable.values) {
    values[mode] = std::visit(TreeOfValue(), value);
  }
  json::object syntax;
  for (const auto& [platform, name] : variable.code_syntax) syntax[platform] = name;
  json::object tree{{"id", id},
                    {"name", variable.name},
                    {"key", variable.key},
                    {"variableCollectionId", variable.collection_id},
                    {"description", variable.description},
                    {"resolvedType", kTypes.at(static_cast<std::size_t>(variable.type))},
                    {"valuesByMode", std::move(values)},
                    {"scopes", tree_of(variable.scopes)},
                    {"codeSyntax", std::move(syntax)},
                    {"remote", variable.remote},
                    {"hiddenFromPublishing", variable.hidden_from_publishing}};
  if (variable.deleted_but_referenced) tree["deletedButReferenced"] = true;
  return tree;
}

json::object tree_of(const std::string& id, const VariableCollection& collection) {
  json::array modes;
  for (const VariableMode& mode : collection.modes) {
    modes.push_back(json::object{{"modeId", mode.id}, {"name", mode.name}});
  }
  return {{"id", id},
          {"name", collection.name},
          {"key", collection.key},
          {"modes", std::move(modes)},
          {"defaultModeId", collection.default_mode_id},
          {"variableIds", tree_of(collection.variable_ids)},
          {"remote", collection.remote},
          {"hiddenFromPublishing", collection.hidden_from_publishing}};
}

class VariablesRealData : public ::testing::TestWithParam<const char*> {};

TEST_P(VariablesRealData, HasEveryFieldOfTheAnswer) {
  auto body = unpacked(GetParam());
  if (!body) GTEST_SKIP() << "needs ../shared/data";
  json::value root = json::parse(*body);
  json::object& meta = root.at("meta").as_object();
  for (auto& collection : meta.at("variableCollections").as_object()) {
    collection.value().as_object().erase("isExtension");
  }
  Variables variables = parse_variables(*body);
  json::object read{{"variables", json::object()}, {"variableCollections", json::object()}};
  for (const auto& [id, variable] : variables.variables) {
    read["variables"].as_object()[id] = tree_of(id, variable);
  }
  for (const auto& [id, collection] : variables.collections) {
    read["variableCollections"].as_object()[id] = tree_of(id, collection);
  }
  expect_same(meta, read, "meta");
  EXPECT_EQ(decode_variables(encode(variables)), variables);
}

INSTANTIATE_TEST_SUITE_P(All, VariablesRealData,
                         ::testing::Values("warp-variables-local-latest.json.xz",
                                           "moon-variables-local.json.xz"));

// Every node of a file as GET /v1/files/:key/nodes gives it.
void add_nodes(const json::value& node, json::object& nodes) {
  nodes[node.at("id").as_string()] = json::object{{"document", node}};
  if (const json::value* children = node.as_object().if_contains("children")) {
    for (const json::value& child : children->as_array()) add_nodes(child, nodes);
  }
}

// What an export reads of a paint or a text, of the answer and of what was read.
json::object tree_of(const Paint& paint) {
  constexpr std::array kKinds = {"SOLID", "GRADIENT_LINEAR", "GRADIENT_RADIAL", "GRADIENT_ANGULAR",
                                 "GRADIENT_DIAMOND"};
  json::object tree{{"visible", paint.visible}};
  if (paint.opacity) tree["opacity"] = *paint.opacity;
  if (paint.kind == Paint::Kind::kOther) return tree;
  tree["type"] = kKinds.at(static_cast<std::size_t>(paint.kind));
  if (paint.kind == Paint::Kind::kSolid) {
    tree["color"] = tree_of(paint.color);
    return tree;
  }
  json::array stops;
  for (const GradientStop& stop : paint.stops) {
    stops.push_back(json::object{{"position", stop.position}, {"color", tree_of(stop.color)}});
  }
  tree["gradientStops"] = std::move(stops);
  return tree;
}

json::object expected_tree(json::object paint) {
  for (const char* key : {"blendMode", "gradientHandlePositions", "imageRef", "scaleMode",
                          "imageTransform", "filters"}) {
    paint.erase(key);
  }
  if (!paint.contains("visible")) paint["visible"] = true;
  if (paint["type"] == "IMAGE") paint.erase("type");
  return paint;
}

json::object tree_of(const TextProperties& text) {
  constexpr std::array kUnits = {"PIXELS", "FONT_SIZE_%", "INTRINSIC_%"};
  constexpr std::array kCases = {"ORIGINAL", "UPPER", "LOWER", "TITLE", "SMALL_CAPS"};
  json::object tree{{"fontFamily", text.family},
                    {"fontPostScriptName", nullptr},
                    {"fontWeight", text.weight},
                    {"fontSize", text.size},
                    {"letterSpacing", text.letter_spacing},
                    {"lineHeightPx", text.line_height},
                    {"lineHeightUnit", kUnits.at(static_cast<std::size_t>(text.line_height_unit))},
                    {"textCase", kCases.at(static_cast<std::size_t>(text.text_case))}};
  if (!text.postscript_name.empty()) tree["fontPostScriptName"] = text.postscript_name;
  return tree;
}

json::object expected_text(const json::object& style) {
  json::object tree{{"textCase", "ORIGINAL"}};
  for (const char* key : {"fontFamily", "fontPostScriptName", "fontWeight", "fontSize",
                          "letterSpacing", "lineHeightPx", "lineHeightUnit", "textCase"}) {
    if (const json::value* value = style.if_contains(key)) tree[key] = *value;
  }
  return tree;
}

class NodesRealData : public ::testing::TestWithParam<const char*> {};

TEST_P(NodesRealData, HaveThePaintsAndTextsOfTheFile) {
  auto body = unpacked(GetParam());
  if (!body) GTEST_SKIP() << "needs ../shared/data";
  json::object nodes;
  add_nodes(json::parse(*body).at("document"), nodes);
  Nodes read = parse_nodes(json::serialize(json::object{{"nodes", nodes}}));
  ASSERT_EQ(read.size(), nodes.size());
  std::size_t paints = 0;
  std::size_t texts = 0;
  for (const auto& [id, value] : nodes) {
    const json::object& document = value.at("document").as_object();
    const Node& node = *read.at(std::string(id));
    EXPECT_EQ(node.name, document.at("name").as_string());
    const json::value* fills = document.if_contains("fills");
    ASSERT_EQ(node.fills.size(), fills != nullptr ? fills->as_array().size() : 0U);
    for (std::size_t i = 0; i < node.fills.size(); ++i, ++paints) {
      expect_same(expected_tree(fills->as_array()[i].as_object()), tree_of(node.fills[i]),
                  std::string(id));
    }
    ASSERT_EQ(node.text.has_value(), document.contains("style"));
    if (!node.text) continue;
    ++texts;
    expect_same(expected_text(document.at("style").as_object()), tree_of(*node.text),
                std::string(id));
  }
  EXPECT_GT(paints, 100U);
  EXPECT_GT(texts, 50U);
  EXPECT_EQ(decode_nodes(encode(read)), read);
}

INSTANTIATE_TEST_SUITE_P(All, NodesRealData,
                         ::testing::Values("figmagic-files-2022.json.xz",
                                           "figma-rust-design-tokens-files-2023.json.xz"));

// Not judged, because it depends on the machine; the aim is 2 ms.
TEST(CodecRealData, SaysHowLongComponentsTake) {
  auto body = unpacked("fdb-components-3718.json.xz");
  if (!body) GTEST_SKIP() << "needs ../shared/data";
  std::vector<Component> components = parse_components(*body);
  std::string record = encode(components);
  std::chrono::duration<double, std::milli> best = std::chrono::hours(1);
  for (int i = 0; i < 20; ++i) {
    auto start = std::chrono::steady_clock::now();
    std::vector<Component> decoded = decode_components(record);
    best = std::min<decltype(best)>(best, std::chrono::steady_clock::now() - start);
    ASSERT_EQ(decoded, components);
  }
  EXPECT_LT(record.size(), body->size() / 5);
  std::cout << components.size() << " components, " << body->size() << " bytes of JSON, "
            << record.size() << " of a record: decoded in " << best.count() << " ms\n";
}

}  // namespace
}  // namespace gantry::figma
