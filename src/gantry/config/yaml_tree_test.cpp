#include "gantry/config/yaml_tree.hpp"

#include <chrono>
#include <string>

#include <gtest/gtest.h>

namespace gantry::config {
namespace {

std::string repeat(std::string_view text, std::size_t count) {
  std::string result;
  result.reserve(text.size() * count);
  for (std::size_t i = 0; i < count; ++i) result += text;
  return result;
}

// ten lists, each of which holds the one before ten times: 10^9 values when followed.
std::string billion_laughs() {
  std::string text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int level = 1; level < 10; ++level) {
    std::string alias = "*a" + std::to_string(level - 1);
    text += "a" + std::to_string(level) + ": &a" + std::to_string(level) + " [" + alias +
            repeat(", " + alias, 9) + "]\n";
  }
  return text;
}

// A chain of aliases: flat as text, deep when followed.
std::string deep_by_aliases() {
  std::string text = "- &a0 x\n";
  for (int level = 1; level < 100; ++level) {
    text += "- &a" + std::to_string(level) + " [*a" + std::to_string(level - 1) + "]\n";
  }
  return text;
}

ErrorCode code_of(const std::string& text, std::string* message = nullptr) {
  try {
    parse_yaml(text, "a.yaml");
  } catch (const Error& error) {
    if (message != nullptr) *message = error.message();
    return error.code();
  }
  ADD_FAILURE() << "accepted: " << text.substr(0, 80);
  return ErrorCode::kInternal;
}

TEST(YamlTree, KeepsKindsAndPositions) {
  YamlTree tree = parse_yaml("a: x\nb:\n  - 1\n  -\nc: {d: 'null'}\n", "a.yaml");
  const Value& root = *tree.root;
  ASSERT_EQ(root.kind, Value::Kind::kMapping);
  ASSERT_EQ(root.items.size(), 6U);
  EXPECT_EQ(root.items[1]->text, "x");
  EXPECT_EQ(root.items[1]->column, 4);
  EXPECT_EQ(root.items[3]->items[0]->line, 3);
  EXPECT_EQ(root.items[3]->items[0]->column, 5);
  EXPECT_EQ(root.items[3]->items[1]->kind, Value::Kind::kNull);
  EXPECT_EQ(root.items[5]->items[1]->text, "null");
  EXPECT_EQ(root.items[5]->items[1]->kind, Value::Kind::kText);
}

TEST(YamlTree, IsEmptyForNoDocument) {
  EXPECT_EQ(parse_yaml("", "a.yaml").root, nullptr);
  EXPECT_EQ(parse_yaml("# only a comment\n", "a.yaml").root, nullptr);
}

TEST(YamlTree, SharesAliases) {
  YamlTree tree = parse_yaml("- &x [1, 2]\n- *x\n", "a.yaml");
  EXPECT_EQ(tree.root->items[0], tree.root->items[1]);
  EXPECT_EQ(tree.root->size, 7U);
}

TEST(YamlTree, RefusesWhatIsNotOneDocumentOfYaml) {
  struct Case {
    std::string text;
    std::string message;
  };
  const Case cases[] = {
      {"a: 1\n---\nb: 2\n",
       "a.yaml:2:1: a second document begins here, expected one configuration in a file"},
      {"a: &x [*x]\n", "a.yaml:1:8: an alias stands inside the value that it names"},
      {std::string("a: 1\nb: \0\n", 10), "a.yaml:2: not a text file: it holds a NUL byte"},
      {"a: 1\nb: 2\nc: \xC3\x28\n", "a.yaml:3: not a text file in UTF-8"},
  };
  for (const Case& test : cases) {
    std::string message;
    EXPECT_EQ(code_of(test.text, &message), ErrorCode::kInvalidConfig);
    EXPECT_EQ(message, test.message);
  }
}

TEST(YamlTree, NamesThePlaceOfWrongSyntax) {
  std::string message;
  EXPECT_EQ(code_of("a: 1\nb: [1, 2\nc: 3\n", &message), ErrorCode::kInvalidConfig);
  EXPECT_TRUE(message.starts_with("a.yaml:3:")) << message;
  EXPECT_NE(message.find("not valid YAML: "), std::string::npos) << message;
  EXPECT_EQ(code_of("a: *nowhere\n"), ErrorCode::kInvalidConfig);
  EXPECT_EQ(code_of("a: 1\n\tb: 2\n"), ErrorCode::kInvalidConfig);
}

TEST(YamlTree, RefusesBombsQuickly) {
  const std::string bombs[] = {
      billion_laughs(),
      deep_by_aliases(),
      repeat("[", kMaxNesting + 1),
      repeat("[", kMaxBytes),
      repeat("[\n", kMaxBytes / 2),
      repeat("{a: ", 100'000),
      repeat("- ", 100'000),
      "a:\n" + repeat(" - -\n", 500'000),
      repeat("- x\n", kMaxValues + 1),
      "[" + repeat("a,", 1'000'000) + "]",
      repeat("- [" + repeat("a,", 30'000) + "]\n", 50),
      "a: '" + repeat("x", kMaxBytes - 10) + "'",
      repeat("# comment\n", kMaxBytes / 10),
      repeat("!a ", kMaxBytes / 3),
      repeat("x", kMaxBytes + 1),
  };
  for (const std::string& bomb : bombs) {
    auto start = std::chrono::steady_clock::now();
    EXPECT_EQ(code_of(bomb), ErrorCode::kTooLarge) << bomb.substr(0, 40);
    EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(5))
        << bomb.substr(0, 40);
  }
}

TEST(YamlTree, ReadsLargeFilesWhoseValuesAreSmall) {
  std::string text = repeat("# " + repeat("x", 150) + "\n- value\n", 20'000);
  EXPECT_EQ(parse_yaml(text, "a.yaml").root->items.size(), 20'000U);
}

TEST(YamlTree, AllowsTheDeepestNesting) {
  YamlTree tree = parse_yaml(repeat("[", kMaxNesting) + repeat("]", kMaxNesting), "a.yaml");
  EXPECT_EQ(tree.root->nesting, kMaxNesting);
}

}  // namespace
}  // namespace gantry::config
