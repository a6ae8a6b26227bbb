#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gantry/base/hash.hpp"

#include "apps/sandbox/arke_cid.hpp"
#include "apps/sandbox/arke_tree.hpp"
#include "apps/sandbox/test_client.hpp"

namespace gantry::sandbox {
namespace {

namespace json = boost::json;

TEST(SandboxArke, IsATreeOfSoManyEntities) {
  ArkeTree tree({.entities = 50, .fanout = 4});
  std::set<std::string> seen;
  std::vector<std::string> waiting = {ArkeTree::pi_of(0)};
  while (!waiting.empty()) {
    const std::string pi = waiting.back();
    waiting.pop_back();
    EXPECT_TRUE(seen.insert(pi).second);
    const ArkeAnswer answer = tree.entity(pi);
    ASSERT_EQ(answer.status, 200);
    const json::value manifest = json::parse(answer.body);
    EXPECT_EQ(manifest.at("pi"), json::string(pi));
    for (const json::value& child : manifest.at("children_pi").as_array()) {
      waiting.emplace_back(std::string_view(child.as_string()));
    }
  }
  EXPECT_EQ(seen.size(), 50U);
  EXPECT_EQ(tree.entity(ArkeTree::pi_of(50)).status, 404);
  EXPECT_EQ(tree.entity("../x").status, 404);
}

TEST(SandboxArke, ServesTheBytesThatItsCidsName) {
  ArkeTree tree({.entities = 3});
  const json::value manifest = json::parse(tree.entity(ArkeTree::pi_of(2)).body);
  const json::object& components = manifest.at("components").as_object();
  EXPECT_EQ(components.size(), 6U);
  for (const auto& [key, cid] : components) {
    const std::string text(std::string_view(cid.as_string()));
    const ArkeAnswer content = tree.content(text);
    ASSERT_EQ(content.status, 200) << std::string_view(key);
    EXPECT_EQ(cid_of(content.body), text);
  }
  EXPECT_EQ(tree.content("bafyX").status, 404);
}

TEST(SandboxArke, ListensWhereEverythingElseDoes) {
  Options options = small_options();
  options.arke.oddities = true;
  const Running running(options);
  const auto root = running.api("/entities/" + ArkeTree::pi_of(0));
  EXPECT_EQ(root.status, 200);
  EXPECT_GT(root.json().at("children_pi").as_array().size(), 20U);
  EXPECT_EQ(running.api("/entities/01JZ000000000000000BR0KEN0").status, 404);
  EXPECT_EQ(running.api("/pi/entities-with-relationships").status, 404) << "it is a POST";
}

}  // namespace
}  // namespace gantry::sandbox
