// The formats that come from outside: trees, registry files, registries of the user.
#include <random>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gantry/github/answers.hpp"
#include "gantry/github/api.hpp"
#include "gantry/github/metadata.hpp"
#include "gantry/github/registry.hpp"
#include "gantry/github/tree.hpp"

namespace gantry::github {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr const char* kSha = "0123456789012345678901234567890123456789";
constexpr const char* kTypeScript = R"(import { x } from "y"
// const a = ["not this"]
export const ui: Registry["items"] = [
  { name: "button", type: "registry:ui", dependencies: ["@radix-ui/react-slot"],
    registryDependencies: ['utils'], files: [{ path: "ui/button.tsx", type: "registry:ui" }],
    load: () => import("x").then((m) => ({ a: [1, 2] })) } as const,
  ...others,
  { "name": "card", type: `registry:ui`, meta: { name: "inner" }, files: ["ui/card.tsx"] },
] satisfies Registry
)";

ErrorCode code_of(const std::function<void()>& act) {
  try {
    act();
  } catch (const Error& error) {
    return error.code();
  }
  return ErrorCode::kInternal;
}

std::string tree_with(const std::string& path) {
  return fmt::format(
      R"({{"sha":"{0}","tree":[{{"type":"blob","mode":"100644","path":"{1}","sha":"{0}"}}]}})",
      kSha, path);
}

TEST(GitHubPatterns, TurnNamesIntoPathsAndBack) {
  EXPECT_EQ(path_of("ui/{name}/{Name}.vue", "alert-dialog"), "ui/alert-dialog/AlertDialog.vue");
  EXPECT_EQ(name_of("ui/{name}/{Name}.vue", "ui/alert-dialog/AlertDialog.vue"), "alert-dialog");
  EXPECT_EQ(name_of("ui/{name}/{Name}.vue", "ui/alert-dialog/Other.vue"), std::nullopt);
  EXPECT_EQ(name_of("ui/{name}.tsx", "ui/a.b.tsx"), "a.b");
  EXPECT_EQ(name_of("ui/{name}.tsx", "ui/folder/a.tsx"), std::nullopt);
  EXPECT_EQ(name_of("ui/{name}.tsx", "ui2/a.tsx"), std::nullopt);
  EXPECT_EQ(checked_name("Button"), "button");
  for (const char* bad : {"", "../x", "a/b", "-a", "a b", "é"}) {
    EXPECT_EQ(code_of([bad] { checked_name(bad); }), ErrorCode::kUsage) << bad;
  }
}

TEST(GitHubRegistries, OfTheUserAreReadAndTheirFaultsNamed) {
  auto own = parse_registries(R"({"registries":[{"framework":"solid","owner":"o","repo":"r",
      "components":["src/{name}.tsx"]}]})",
                              "own.json");
  ASSERT_EQ(own.size(), 1U);
  EXPECT_EQ(own[0].repository.branch, "main");
  const std::pair<const char*, const char*> cases[] = {
      {"[", "no JSON"},
      {"{}", "no list 'registries'"},
      {R"({"registries":[1]})", "registry 1: it is no object"},
      {R"({"registries":[{"framework":"a"}]})", "'owner' is missing"},
      {R"({"registries":[{"framework":"a","owner":"o","repo":"r","components":["x"]}]})", "{name}"},
      {R"({"registries":[{"framework":"a","owner":"o","repo":"r","components":["../{name}"]}]})",
       "is no path"},
      {R"({"registries":[{"framework":"a","owner":"o/x","repo":"r","components":["{name}"]}]})",
       "is no repository"},
      {R"({"registries":[{"framework":"a","colour":1}]})", "there is no key 'colour'"},
      {R"({"registries":[{"framework":"react","owner":"o","repo":"r","components":["{name}"]}]})",
       "there is a registry 'react' already"}};
  for (const auto& [text, message] : cases) {
    try {
      parse_registries(text, "own.json");
      ADD_FAILURE() << text;
    } catch (const Error& error) {
      EXPECT_THAT(error.message(), HasSubstr(message));
      EXPECT_THAT(error.message(), HasSubstr("own.json"));
    }
  }
}

TEST(GitHubTree, IsReadAndKept) {
  Tree tree(parse_tree(tree_with("ui/button.tsx")).entries);
  EXPECT_NE(tree.find_file("ui/button.tsx"), nullptr);
  EXPECT_EQ(tree.find_file("ui"), nullptr);
  EXPECT_EQ(Tree::decode(tree.encode()).entries(), tree.entries());
  EXPECT_EQ(code_of([&tree] { Tree::decode(tree.encode().substr(0, 50)); }),
            ErrorCode::kBadResponse);
}

TEST(GitHubTree, RefusesWhatLeavesTheRepository) {
  for (const char* path :
       {"../x", "a/../../x", "/etc/passwd", "a//b", "", ".", "a/./b", "a\\u0000"}) {
    EXPECT_EQ(code_of([path] { parse_tree(tree_with(path)); }), ErrorCode::kUnsafe) << path;
  }
  std::string deep = "a";
  for (int i = 0; i < 100; ++i) deep += "/a";
  EXPECT_EQ(code_of([&deep] { parse_tree(tree_with(deep)); }), ErrorCode::kTooLarge);
}

TEST(GitHubMetadata, IsReadFromTypeScriptWithoutRunningIt) {
  MetadataByName items = parse_registry_file(kTypeScript, "registry-ui.ts", "");
  ASSERT_EQ(items.size(), 2U);
  EXPECT_THAT(items.at("button").dependencies, ElementsAre("@radix-ui/react-slot"));
  EXPECT_THAT(items.at("button").registry_dependencies, ElementsAre("utils"));
  EXPECT_THAT(items.at("button").files, ElementsAre("ui/button.tsx"));
  EXPECT_THAT(items.at("card").files, ElementsAre("ui/card.tsx"));
}

TEST(GitHubMetadata, PrefersTheStyle) {
  MetadataByName items = parse_registry_file(
      R"(export const Index = { "default": { a: { name: "a", type: "old" } },
         "new": { a: { name: "a", type: "new" } } })",
      "index.ts", "new");
  EXPECT_EQ(items.at("a").type, "new");
}

TEST(GitHubBlobs, HaveTheNamesThatGitGivesThem) {
  EXPECT_EQ(blob_sha("hello world\n"), "3b18e512dba79e4c8300dd08aeb37f8e728b8dad");
}

// Whatever is cut off, repeated or changed: an Error or a result, never anything else.
TEST(GitHubFormats, SurviveEveryDamage) {
  const std::string nested(1U << 20, '[');
  const std::string casts = "export const a = [x" + std::string(1U << 20, ' ') + "as as as";
  std::vector<std::string> texts = {nested,
                                    "const a = " + nested,
                                    casts,
                                    "=" + nested + "{",
                                    std::string(1U << 16, '{'),
                                    "a = [`",
                                    "a = ['\\"};
  const std::string seeds[] = {kTypeScript, tree_with("ui/button.tsx"),
                               R"({"registries":[{"framework":"a"}]})"};
  std::mt19937 random(7);
  for (const std::string& seed : seeds) {
    for (std::size_t i = 0; i < seed.size(); ++i) {
      texts.push_back(seed.substr(0, i));
      std::string changed = seed;
      changed[i] = "[]{}()\"'`,:\\=/\0\xff"[random() % 16];
      texts.push_back(changed);
      texts.push_back(seed.substr(0, i) + seed);
    }
  }
  for (const std::string& text : texts) {
    for (int parser = 0; parser < 5; ++parser) {
      try {
        if (parser == 0) parse_tree(text);
        if (parser == 1) parse_registry_file(text, "a.ts", "");
        if (parser == 2) parse_registry_file(text, "a.json", "");
        if (parser == 3) parse_registries(text, "a.json");
        if (parser == 4) Tree::decode(text);
      } catch (const Error&) {
      }
    }
  }
}

}  // namespace
}  // namespace gantry::github
