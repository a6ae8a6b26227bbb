#include "apps/sandbox/design.hpp"

#include <filesystem>
#include <fstream>
#include <map>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <png.h>
#include <pugixml.hpp>

#include "gantry/base/error.hpp"
#include "gantry/base/hash.hpp"

#include "apps/sandbox/random.hpp"

namespace gantry::sandbox {
namespace {

std::map<std::string, int> by_frame(const File& file) {
  std::map<std::string, int> counts;
  for (const auto& component : file.components) ++counts[file.frames[component.frame].name];
  return counts;
}

std::set<std::string> names(const File& file) {
  std::set<std::string> all;
  for (const auto& component : file.components) {
    all.insert((component.set ? file.sets[*component.set].name + "/" : "") + component.name);
  }
  return all;
}

std::string all_pictures(const File& file) {
  std::string all;
  for (const auto& component : file.components) {
    all += component.node_id + " " + component.name + "\n";
    all += component.svg ? *component.svg : draw_svg(component.drawing, component.node_id);
  }
  return all;
}

TEST(Design, PutsMostIconsInOneFrame) {
  const auto design = make_design({});
  const auto& light = design.files.at("sandbox-light");
  EXPECT_EQ(
      by_frame(light),
      (std::map<std::string, int>{
          {"Icons", 410}, {"Icons/Navigation", 50}, {"Illustrations", 20}, {"Controls", 20}}));
  EXPECT_EQ(names(light).size(), 500U);
  EXPECT_EQ(light.sets.size(), 7U);
}

TEST(Design, HasADarkTwinOfEachIcon) {
  const auto design = make_design({});
  const auto& light = design.files.at("sandbox-light");
  const auto& dark = design.files.at("sandbox-dark");
  EXPECT_EQ(names(light), names(dark));
  EXPECT_NE(all_pictures(light), all_pictures(dark));
  const auto all = names(design.files.at("sandbox-single"));
  EXPECT_EQ(all.size(), 500U + 480U);
  EXPECT_TRUE(all.contains("ic/24/arrow"));
  EXPECT_TRUE(all.contains("ic/24/arrow_dark"));
}

TEST(Design, IsTheSameForTheSameOptions) {
  const auto file = generated_file({}, "sandbox-light", Palette::kLight);
  EXPECT_EQ(sha256(all_pictures(file)).hex(),
            "038d5daedfbab4cefefd61502a53d0a53ff1ec40abfb603810cb4dfd7fdbecb0");
  DesignOptions other;
  other.seed = 2;
  EXPECT_NE(all_pictures(generated_file(other, "sandbox-light", Palette::kLight)),
            all_pictures(file));
}

TEST(Design, ChangesOnlyWhatItIsToldTo) {
  DesignOptions changed;
  changed.changed_icons = 3;
  changed.version = "7";
  const auto before = generated_file({}, "sandbox-light", Palette::kLight);
  const auto after = generated_file(changed, "sandbox-light", Palette::kLight);
  EXPECT_EQ(after.version, "7");
  ASSERT_EQ(before.components.size(), after.components.size());
  int differing = 0;
  for (std::size_t i = 0; i < before.components.size(); ++i) {
    EXPECT_EQ(before.components[i].name, after.components[i].name);
    EXPECT_EQ(before.components[i].node_id, after.components[i].node_id);
    const auto old = draw_svg(before.components[i].drawing, before.components[i].node_id);
    if (draw_svg(after.components[i].drawing, after.components[i].node_id) != old) ++differing;
  }
  EXPECT_EQ(differing, 3);
}

TEST(Design, MakesMoreFilesOfTheirOwn) {
  DesignOptions options;
  options.files = 3;
  options.icons = 30;
  const auto design = make_design(options);
  ASSERT_NE(design.find("sandbox-3"), nullptr);
  EXPECT_EQ(design.find("sandbox-4"), nullptr);
  EXPECT_NE(all_pictures(*design.find("sandbox-1")), all_pictures(*design.find("sandbox-2")));
}

TEST(Design, DrawsSmallWellFormedSvg) {
  const auto file = generated_file({}, "sandbox-light", Palette::kLight);
  int with_clip = 0;
  int with_gradient = 0;
  for (const auto& component : file.components) {
    const auto svg = draw_svg(component.drawing, component.node_id);
    pugi::xml_document document;
    EXPECT_TRUE(document.load_string(svg.c_str())) << svg;
    EXPECT_GE(svg.size(), 150U) << svg;
    EXPECT_LE(svg.size(), 2500U) << svg;
    if (svg.find("id=\"clip0_") != std::string::npos) ++with_clip;
    if (svg.find("id=\"paint0_linear_") != std::string::npos) ++with_gradient;
  }
  EXPECT_GT(with_clip, 50);
  EXPECT_GT(with_gradient, 30);
}

TEST(Design, HasHostileNamesAndPictures) {
  DesignOptions options;
  options.hostile = true;
  const auto design = make_design(options);
  const auto& file = design.files.at("sandbox-hostile");
  const auto all = names(file);
  for (const auto* name : {"../../x", "a/../../b", "CON", ".", ""}) {
    EXPECT_TRUE(all.contains(name)) << name;
  }
  for (const auto& component : file.components) {
    if (component.name == "ic/24/svg_nested") {
      EXPECT_GT(component.svg->size(), 1024U * 1024U - 100U);
    }
  }
  EXPECT_EQ(names(design.files.at("sandbox-light")).count("../../x"), 0U);
}

TEST(Drawing, MakesARealPng) {
  const auto bytes = draw_png({.seed = 1}, 2);
  png_image image{};
  image.version = PNG_IMAGE_VERSION;
  ASSERT_TRUE(png_image_begin_read_from_memory(&image, bytes.data(), bytes.size()));
  EXPECT_EQ(image.width, 48U);
  EXPECT_EQ(image.height, 48U);
  std::vector<png_byte> pixels(PNG_IMAGE_SIZE(image));
  EXPECT_TRUE(png_image_finish_read(&image, nullptr, pixels.data(), 0, nullptr));
  EXPECT_NE(bytes, draw_png({.seed = 2}, 2));
}

TEST(Drawing, MarksJpgAndPdfWithTheirNode) {
  EXPECT_THAT(draw_jpg({.seed = 1}, "12:34", 1), ::testing::HasSubstr("12:34"));
  EXPECT_THAT(draw_jpg({.seed = 1}, "12:34", 1), ::testing::EndsWith("\xff\xd9"));
  EXPECT_THAT(draw_pdf({.seed = 1}, "12:34"), ::testing::HasSubstr("12:34"));
}

class RecordedDesign : public ::testing::Test {
 protected:
  void SetUp() override {
    const auto* test = ::testing::UnitTest::GetInstance()->current_test_info();
    folder_ = std::filesystem::path(::testing::TempDir()) /
              (std::string("gantry-sandbox-") + test->name());
    std::filesystem::create_directories(folder_ / "icons" / "inner");
    write("icons/home.svg", "<svg>home</svg>");
    write("icons/inner/round.svg", "<svg>round</svg>");
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  void write(const std::string& name, std::string_view text) {
    std::ofstream(folder_ / name) << text;
  }
  std::filesystem::path folder_;
};

constexpr std::string_view kAnswer = R"({"error":false,"status":200,"meta":{"components":[
  {"key":"k1","file_key":"RECORDED1","node_id":"1:1","name":"Icon / Home","description":"d",
   "containing_frame":{"name":"Icons","nodeId":"5:5","pageId":"0:1","pageName":"P"}},
  {"key":"k2","file_key":"RECORDED1","node_id":"1:2","name":"State=On",
   "containing_frame":{"name":"Icons","nodeId":"5:5","pageId":"0:1","pageName":"P",
   "containingComponentSet":{"name":"Toggle","nodeId":"7:7"}}}]}})";

TEST_F(RecordedDesign, IsServedUnderItsOwnKey) {
  write("components.json", kAnswer);
  DesignOptions options;
  options.components = folder_ / "components.json";
  options.icons_from = folder_ / "icons";
  const auto design = make_design(options);
  const auto* file = design.find("RECORDED1");
  ASSERT_NE(file, nullptr);
  EXPECT_EQ(*file->recorded_components, kAnswer);
  ASSERT_EQ(file->components.size(), 2U);
  EXPECT_EQ(file->frames.size(), 1U);
  ASSERT_EQ(file->sets.size(), 1U);
  EXPECT_EQ(file->sets[0].name, "Toggle");
  EXPECT_EQ(*file->components[0].svg, "<svg>home</svg>");
  EXPECT_NE(file->components[1].svg, nullptr);
}

TEST_F(RecordedDesign, IsReadThroughXz) {
  write("packed.json", kAnswer);
  const auto path = folder_ / "packed.json";
  ASSERT_EQ(std::system(("xz -f " + path.string()).c_str()), 0);
  DesignOptions options;
  options.components = path.string() + ".xz";
  EXPECT_EQ(recorded_file(options).components.size(), 2U);
}

TEST_F(RecordedDesign, NamesTheFileThatItCannotRead) {
  write("bad.json", "{\"meta\":{}}");
  write("bad.json.xz", "no xz");
  for (const auto* name : {"bad.json", "bad.json.xz"}) {
    DesignOptions options;
    options.components = folder_ / name;
    try {
      recorded_file(options);
      FAIL() << name;
    } catch (const Error& error) {
      EXPECT_THAT(error.message(), ::testing::HasSubstr(name));
    }
  }
}

}  // namespace
}  // namespace gantry::sandbox
