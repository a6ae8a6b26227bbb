#include "gantry/output/lock_file.hpp"

#include <algorithm>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gantry/base/error.hpp"
#include "gantry/output/test_folder.hpp"

namespace gantry::output {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

constexpr std::string_view kHashText =
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

LockFile sample() {
  LockFile lock;
  Digest digest = Digest::from_hex(kHashText).value_or(Digest());
  lock.outputs[{"web.yaml#icons", "out"}] = {{RelativePath("b.svg"), 2, digest, "KEY/1:2"},
                                             {RelativePath("a \u00e9.svg"), 1, digest, ""}};
  lock.outputs[{"ios.yaml#icons", "../ios \"x\""}] = {{RelativePath("c/d.svg"), 3, digest, ""}};
  return lock;
}

TEST(LockFile, PrintsOneSortedLineForEachFile) {
  EXPECT_EQ(sample().print(), R"({
  "version": 1,
  "outputs": [
    {
      "job": "ios.yaml#icons",
      "root": "../ios \"x\"",
      "files": [
        {"path": "c/d.svg", "size": 3, "sha256": ")" +
                                  std::string(kHashText) + R"("}
      ]
    },
    {
      "job": "web.yaml#icons",
      "root": "out",
      "files": [
        {"path": "a é.svg", "size": 1, "sha256": ")" +
                                  std::string(kHashText) + R"("},
        {"path": "b.svg", "size": 2, "sha256": ")" +
                                  std::string(kHashText) + R"(", "source": "KEY/1:2"}
      ]
    }
  ]
}
)");
}

TEST(LockFile, ReadsWhatItPrints) {
  EXPECT_EQ(LockFile::parse(sample().print(), "gantry.lock").outputs, sample().outputs);
  EXPECT_TRUE(LockFile::parse(LockFile().print(), "gantry.lock").outputs.empty());
  EXPECT_TRUE(LockFile::parse("", "gantry.lock").outputs.empty());
}

std::string problem(const std::string& text) {
  try {
    LockFile::parse(text, "x/gantry.lock");
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kInvalidConfig);
    EXPECT_THAT(error.message(), HasSubstr("restore the file from version control, or delete it"));
    return error.message();
  }
  return "accepted";
}

std::string with_file(const std::string& line) {
  return "{\"version\": 1, \"outputs\": [\n{\"job\": \"j\", \"root\": \"r\", \"files\": [\n" +
         line + "\n]}]}";
}

TEST(LockFile, NamesTheLineOfAFault) {
  std::string hash = "\"sha256\": \"" + std::string(kHashText) + "\"";
  struct {
    std::string text;
    std::string message;
  } cases[] = {
      {"{\n<<<<<<< HEAD\n", "x/gantry.lock:2: not valid JSON"},
      {"{\"version\": 1,\n", "x/gantry.lock:2: not valid JSON (incomplete JSON)"},
      {"{\n\"version\": 2}", "x/gantry.lock:2: it has version 2, and this Gantry knows version 1"},
      {"{}", "x/gantry.lock:1: \"version\" is missing"},
      {"[]", "x/gantry.lock:1: something stands here"},
      {"null", "x/gantry.lock:1: something stands here"},
      {"{\"version\": 1, \"more\": true}", "x/gantry.lock:1: \"more\" is not known"},
      {"{\"version\": 1, \"outputs\": [{}]}", "x/gantry.lock:1: an output needs"},
      {"{\"version\": 1} {}", "x/gantry.lock:1: not valid JSON (extra data)"},
      {with_file("{\"path\": \"../../etc/passwd\", \"size\": 1, " + hash + "}"),
       "x/gantry.lock:3: the path '../../etc/passwd' is refused"},
      {with_file("{\"path\": \"/etc/passwd\", \"size\": 1, " + hash + "}"),
       "x/gantry.lock:3: the path '/etc/passwd' is refused"},
      {with_file("{\"path\": \"a\", \"size\": 1, \"sha256\": \"12\"}"),
       "x/gantry.lock:3: \"sha256\" is not 64"},
      {with_file("{\"path\": \"a\", \"size\": -1, " + hash + "}"), "x/gantry.lock:3: \"size\" is"},
      {with_file("{\"path\": \"a\", \"size\": 1.5, " + hash + "}"), "x/gantry.lock:3: \"size\" is"},
      {with_file("{\"path\": [[]], " + hash + "}"), "x/gantry.lock:3: \"path\" is"},
      {with_file("{\"path\": \"a\", \"size\": 1}"), "x/gantry.lock:3: a file needs"},
      {std::string(100, '['), "x/gantry.lock:1: "},
  };
  for (const auto& [text, message] : cases) EXPECT_THAT(problem(text), StartsWith(message)) << text;
}

TEST(LockFile, RefusesEveryTruncationOfItself) {
  std::string text = sample().print();
  for (std::size_t length = 1; length + 1 < text.size(); ++length) {
    EXPECT_NE(problem(text.substr(0, length)), "accepted") << length;
  }
}

TEST(LockFile, NamesRootsRelativeToItsFolder) {
  EXPECT_EQ(root_in_lock("", "out/icons/"), "out/icons");
  EXPECT_EQ(root_in_lock("", "./out/../x"), "x");
  EXPECT_EQ(root_in_lock("", "."), ".");
  EXPECT_EQ(root_in_lock("", "../x"), "../x");
  EXPECT_EQ(root_in_lock("/home/p", "/home/p/out"), "out");
  EXPECT_EQ(root_in_lock("/home/p/", "/home/q"), "/home/q");
}

TEST(LockFileEdit, WritesOnlyChangesAndCleansUpAfterAKilledWriter) {
  TestFolder folder;
  folder.write(".gantry.lock.new", "half");
  {
    LockFileEdit edit(folder / "gantry.lock");
    EXPECT_FALSE(edit.save());
    EXPECT_TRUE(folder.contents().empty());
    edit.content = sample();
    EXPECT_TRUE(edit.save());
    EXPECT_FALSE(edit.save());
  }
  LockFileEdit again(folder / "gantry.lock");
  EXPECT_EQ(again.content.outputs, sample().outputs);
  EXPECT_FALSE(again.save());
  EXPECT_EQ(folder.contents().size(), 1U);
}

}  // namespace
}  // namespace gantry::output
