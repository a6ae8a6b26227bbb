// A real published library of 3,718 components, where the data lies beside the source tree.
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <iostream>
#include <random>
#include <set>
#include <string>

#include <gtest/gtest.h>

#include "gantry/base/relative_path.hpp"
#include "gantry/design/asset.hpp"

namespace gantry::design {
namespace {

const std::string kComponents =
    std::string(GANTRY_SHARED_DATA) + "/figma/fdb-components-3718.json.xz";

std::string unpacked(const std::string& path) {
  std::string text;
  FILE* pipe = popen(("xz -dc '" + path + "'").c_str(), "r");
  if (pipe == nullptr) return text;
  char buffer[65536];
  while (std::size_t count = fread(buffer, 1, sizeof buffer, pipe)) text.append(buffer, count);
  pclose(pipe);
  return text;
}

class RealData : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!std::filesystem::exists(kComponents)) GTEST_SKIP() << "needs " << kComponents;
    body_ = unpacked(kComponents);
    if (body_.empty()) GTEST_SKIP() << "needs the program xz";
  }
  std::string body_;
};

TEST_F(RealData, GivesEveryIconANameOfItsOwn) {
  auto start = std::chrono::steady_clock::now();
  std::vector<figma::Component> components = figma::parse_components(body_);
  std::cout << "parsed in "
            << (std::chrono::steady_clock::now() - start) / std::chrono::microseconds(1) << " us\n";
  ASSERT_EQ(components.size(), 3718U);
  Selection selection{.frame_name = "Icons", .page_name = "Icons", .platform = Platform::kWeb};
  auto make = [&] {
    return make_assets({.file_key = "KEY", .components = select_components(components, selection)},
                       std::nullopt, {});
  };
  AssetList list = make();
  EXPECT_EQ(list.assets.size(), 1604U);
  EXPECT_EQ(list.findings.size(), 5U);
  EXPECT_FALSE(list.has_errors());
  std::set<std::string> keys;
  for (const Asset& asset : list.assets) keys.insert(RelativePath(asset.name).collision_key());
  EXPECT_EQ(keys.size(), 1604U);

  std::shuffle(components.begin(), components.end(), std::mt19937(7));
  AssetList shuffled = make();
  for (std::size_t i = 0; i < list.assets.size(); ++i) {
    ASSERT_EQ(list.assets[i].name, shuffled.assets[i].name);
    ASSERT_EQ(list.assets[i].light, shuffled.assets[i].light);
  }
}

TEST_F(RealData, NamesEveryVariantOfEveryFrame) {
  std::vector<figma::Component> components = figma::parse_components(body_);
  std::set<std::string> frames;
  for (const auto& component : components) frames.insert(component.frame.name);
  std::size_t exported = 0;
  std::size_t errors = 0;
  for (const std::string& frame : frames) {
    AssetList list = make_assets(
        {.file_key = "KEY", .components = select_components(components, {.frame_name = frame})},
        std::nullopt, {});
    exported += list.assets.size();
    for (const Finding& finding : list.findings) {
      if (finding.kind == Finding::Kind::kError) ++errors;
    }
  }
  EXPECT_EQ(errors, 0U);
  EXPECT_EQ(exported, components.size());
}

}  // namespace
}  // namespace gantry::design
