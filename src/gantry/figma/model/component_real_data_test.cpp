// Real answers, read once more through a tree of JSON values; skipped where ../shared is absent.
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include <boost/json.hpp>
#include <gtest/gtest.h>

#include "gantry/figma/model/model.hpp"

#include "testing/data.hpp"
#include "testing/files.hpp"

namespace gantry::figma {
namespace {

namespace json = boost::json;

std::string unpacked(const std::filesystem::path& archive) {
  testing::TemporaryFolder folder;
  testing::unpack_xz(archive, folder.path() / "answer.json");
  std::ifstream file(folder.path() / "answer.json", std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
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
  auto data = testing::shared_data();
  if (!data) GTEST_SKIP() << "needs ../shared/data";
  std::string body = unpacked(*data / "figma" / file);
  json::value root = json::parse(body);
  const json::array& items = root.at("meta").at(list).as_array();
  std::vector<Component> components = parse(body);
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

}  // namespace
}  // namespace gantry::figma
