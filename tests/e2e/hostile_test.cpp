// A design whose author wishes us ill: names that lead elsewhere, images that are bombs.
#include <algorithm>
#include <cctype>
#include <filesystem>
#include <map>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "testing/sandbox.hpp"
#include "tests/e2e/workspace.hpp"

namespace gantry::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

// Every path in the root of a workspace that is neither output nor gantry's own.
std::map<std::string, std::string> strangers(const Workspace& workspace) {
  Tree tree = tree_of(workspace.root());
  std::erase_if(tree, [](const auto& entry) {
    const std::string& name = entry.first;
    return name.starts_with("work/out/") || name.starts_with("home/.cache/gantry/") ||
           name.starts_with("home/.local/state/gantry/") || name == "work/gantry.lock" ||
           name == "work/web.yaml" || name == "work/gantry.yaml" || name == "home/" ||
           name == "work/.gantry-checkpoint.json";
  });
  return tree;
}

void expect_portable_names(const Tree& tree) {
  std::map<std::string, std::string> folded;
  for (const auto& [name, bytes] : tree) {
    EXPECT_FALSE(bytes.starts_with("-> ")) << name << " is a link";
    EXPECT_EQ(name.find_first_of("\\:*?\"<>|"), std::string::npos) << name;
    EXPECT_TRUE(std::none_of(name.begin(), name.end(), [](unsigned char byte) {
      return byte < 0x20 || byte == 0x7f;
    })) << name;
    for (const std::filesystem::path& segment : std::filesystem::path(name)) {
      std::string stem = segment.stem().string();
      std::transform(stem.begin(), stem.end(), stem.begin(),
                     [](unsigned char byte) { return std::tolower(byte); });
      EXPECT_THAT(stem, ::testing::AllOf(Not("con"), Not("nul"), Not("aux"), Not("prn"), Not(".."),
                                         Not("."), Not("com1"), Not("lpt1")))
          << name;
      EXPECT_LE(segment.string().size(), 255U);
    }
    std::string lower = name;
    std::transform(lower.begin(), lower.end(), lower.begin(),
                   [](unsigned char byte) { return std::tolower(byte); });
    const auto [other, is_new] = folded.emplace(lower, name);
    EXPECT_TRUE(is_new) << name << " and " << other->second << " differ only in case";
  }
}

TEST(Hostile, FetchKeepsTheGoodNamesTheBadAndStaysInItsFolder) {
  const Sandbox sandbox({"--hostile", "--icons", "20"});
  const Workspace workspace(sandbox.base_url());
  const ProcessResult result = workspace.gantry(
      {"fetch", "-f", "sandbox-hostile", "-r", "Icons", "-o", "out", "--format", "svg"});
  EXPECT_TRUE(exits(1, result));
  EXPECT_THAT(strangers(workspace), IsEmpty());
  const Tree output = workspace.output();
  EXPECT_GT(output.size(), 0U);
  expect_portable_names(output);
  EXPECT_THAT(result.err, HasSubstr("../"));
}

TEST(Hostile, BatchNeverWritesOutsideItsOutputAndEndsInTime) {
  const Sandbox sandbox({"--hostile", "--icons", "20"});
  Workspace workspace(sandbox.base_url());
  workspace.add_web_config("web.yaml", "out", "sandbox-hostile", "");
  const ProcessResult result = workspace.batch();
  EXPECT_FALSE(result.timed_out);
  EXPECT_TRUE(exits(1, result));
  EXPECT_THAT(result.err + result.out, Not(IsEmpty()));
  EXPECT_THAT(strangers(workspace), IsEmpty());
  expect_portable_names(workspace.output());
}

// Each alone, so that one that is refused does not hide what becomes of another.
class HostilePicture : public ::testing::TestWithParam<const char*> {};

TEST_P(HostilePicture, IsRefusedByNameOrExportedWithoutItsPoison) {
  const Sandbox sandbox({"--hostile", "--hostile-nesting-mb", "100", "--icons", "20"});
  Workspace workspace(sandbox.base_url());
  workspace.add_web_config("gantry.yaml", "out", "sandbox-hostile", "");
  const std::string name = GetParam();
  const ProcessResult result = workspace.gantry({"icons", "ic/24/" + name});
  EXPECT_FALSE(result.timed_out);
  if (result.exit_code != 0) {
    EXPECT_TRUE(exits(1, result));
    EXPECT_THAT(result.err + result.out, HasSubstr(name));
    EXPECT_THAT(workspace.output(), IsEmpty());
    return;
  }
  EXPECT_EQ(count_of(workspace.output(), ".svg"), 1U);
  for (const auto& [path, bytes] : workspace.output()) {
    for (const char* poison : {"<script", "<!ENTITY", "<!DOCTYPE", "javascript:", "onload",
                               "foreignObject", "iframe", "root:x:0"}) {
      EXPECT_THAT(bytes, Not(HasSubstr(poison))) << path;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Pictures, HostilePicture,
                         ::testing::Values("svg_doctype", "svg_expanding_entities",
                                           "svg_external_entity", "svg_script", "svg_event",
                                           "svg_script_link", "svg_foreign", "svg_outer_image",
                                           "svg_nested", "svg_empty", "svg_is_html", "svg_is_json",
                                           "svg_cut", "svg_not_utf8", "svg_endless_path"));

}  // namespace
}  // namespace gantry::testing
