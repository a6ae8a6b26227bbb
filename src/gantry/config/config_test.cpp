#include "gantry/config/config.hpp"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gantry/config/discover.hpp"

namespace gantry::config {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::IsEmpty;

Config config_of(const std::string& text) {
  try {
    return parse(text, "a.yaml").config;
  } catch (const Error& error) {
    ADD_FAILURE() << error.message();
    return {};
  }
}

fs::path shared_configs() { return fs::path(GANTRY_SHARED_DATA) / "configs"; }

TEST(ConfigRealFiles, AllLoad) {
  if (!fs::exists(shared_configs())) GTEST_SKIP() << shared_configs() << " is absent";
  std::vector<fs::path> files = discover({shared_configs()});
  EXPECT_EQ(files.size(), 15U);
  for (const fs::path& file : files) {
    std::size_t warnings = 0;
    EXPECT_NO_THROW(warnings = load(file).warnings.size()) << file;
    bool is_manual = file.filename().string().find("CONFIG-md-full") != std::string::npos;
    EXPECT_EQ(warnings > 0, is_manual) << file;
  }
}

TEST(ConfigRealFiles, AreDecodedWhole) {
  fs::path file = shared_configs() / "35-exfig132-CONFIG-md-full.yaml";
  if (!fs::exists(file)) GTEST_SKIP() << file << " is absent";
  Config config = load(file).config;
  EXPECT_EQ(config.figma.light_file_id, "shPilWnVdJfo10YF12345");
  EXPECT_TRUE(config.common.cache.enabled);
  EXPECT_TRUE(config.common.colors.use_single_file);
  EXPECT_EQ(config.common.variables_colors->primitives_mode_name, "Collection_1");
  EXPECT_EQ(config.common.icons.name_validate_regexp, R"(^(ic)_(\d\d)_([a-z0-9_]+)$)");
  EXPECT_FALSE(config.ios->xcassets_in_swift_package.value());
  EXPECT_EQ(config.ios->colors.entries[0].code_syntax_template, "Color.{name}");
  EXPECT_THAT(config.ios->icons.entries[0].preserves_vector_representation,
              ElementsAre("ic24TabBarMain", "ic24TabBarEvents", "ic24TabBarProfile"));
  EXPECT_EQ(config.ios->icons.entries[0].render_mode, RenderMode::kDefault);
  EXPECT_EQ(config.ios->typography->labels_directory, "./Source/UIComponents/");
  const ThemeAttributes& theme = *config.android->colors.entries[0].theme_attributes;
  EXPECT_EQ(theme.theme_name, "Theme.MyApp.Main");
  EXPECT_EQ(theme.name_transform.strip_prefixes.size(), 4U);
  EXPECT_EQ(config.android->images.entries[0].webp_options->quality, 90);
  EXPECT_THAT(config.android->images.entries[0].scales, ElementsAre(1, 2, 3));
  EXPECT_EQ(config.flutter->colors.entries[0].output, "app_colors.dart");
  EXPECT_EQ(config.web->output, "./src/generated");
  EXPECT_EQ(config.web->templates_path, "./templates");
}

TEST(Config, FillsInDefaults) {
  Config config = config_of(
      "web: {output: o, colors: {}, icons: {}, images: {}}\n"
      "flutter: {output: o, colors: {}, icons: {output: i}, images: {output: i}}\n"
      "android:\n"
      "  mainRes: r\n"
      "  colors: {themeAttributes: {themeName: T}}\n"
      "  icons: {output: i}\n"
      "  images: {output: i, format: webp, webpOptions: {encoding: lossless}}\n");
  EXPECT_EQ(config.figma.light_file_id, std::nullopt);
  EXPECT_EQ(config.figma.timeout, std::nullopt);
  EXPECT_EQ(config.common.cache.path, ".exfig-cache.json");
  EXPECT_EQ(config.common.icons.figma_frame_name, "Icons");
  EXPECT_EQ(config.common.images.figma_frame_name, "Illustrations");
  EXPECT_EQ(config.common.colors.dark_hc_mode_suffix, "_darkHC");
  EXPECT_EQ(config.common.colors.position.line, 0);
  EXPECT_EQ(config.ios.has_value(), false);
  const WebIcons& icons = config.web->icons.entries.at(0);
  EXPECT_EQ(icons.output_directory, std::nullopt);
  EXPECT_EQ(icons.svg_directory, "assets/icons");
  EXPECT_TRUE(icons.generate_react_components);
  EXPECT_EQ(icons.icon_size, 24);
  EXPECT_EQ(icons.name_style, NameStyle::kSnakeCase);
  EXPECT_EQ(config.web->colors.entries.at(0).ts_file_name, "variables.ts");
  EXPECT_EQ(config.flutter->images.entries.at(0).format, ImageFormat::kPng);
  const ThemeAttributes& theme = *config.android->colors.entries.at(0).theme_attributes;
  EXPECT_EQ(theme.marker_end, "FIGMA COLORS MARKER END");
  EXPECT_EQ(theme.name_transform.style, NameStyle::kPascalCase);
  EXPECT_EQ(config.android->icons.entries.at(0).strict_path_validation, std::nullopt);
  EXPECT_THAT(config.android->images.entries.at(0).scales, ElementsAre(1, 1.5, 2, 3, 4));
  EXPECT_EQ(config.android->images.entries.at(0).webp_options->quality, 90);
}

TEST(Config, TellsASingleMappingFromAList) {
  Config config = config_of(
      "web:\n"
      "  output: o\n"
      "  icons:\n"
      "    - figmaFrameName: Actions\n"
      "      figmaPageName: Library\n"
      "      nameStyle: kebab-case\n"
      "    - {figmaFrameName: Navigation, iconSize: 20}\n"
      "  images:\n"
      "    outputDirectory: img\n"
      "flutter: {output: o, colors: []}\n");
  const Sections<WebIcons>& icons = config.web->icons;
  EXPECT_EQ(icons.form, Form::kList);
  ASSERT_EQ(icons.entries.size(), 2U);
  EXPECT_EQ(icons.entries[0].figma_frame_name, "Actions");
  EXPECT_EQ(icons.entries[0].figma_page_name, "Library");
  EXPECT_EQ(icons.entries[0].name_style, NameStyle::kKebabCase);
  EXPECT_EQ(icons.entries[1].icon_size, 20);
  EXPECT_EQ(config.web->images.form, Form::kSingle);
  EXPECT_EQ(config.web->images.entries.at(0).output_directory, "img");
  EXPECT_EQ(config.web->colors.form, Form::kAbsent);
  EXPECT_EQ(config.flutter->colors.form, Form::kList);
  EXPECT_THAT(config.flutter->colors.entries, IsEmpty());
}

TEST(Config, ReadsTheSourceOfColorsInAListOnly) {
  const std::string source = "tokensFileId: f, tokensCollectionName: c, lightModeName: l";
  Config list = config_of("web: {output: o, colors: [{" + source + ", darkModeName: d}]}\n");
  const auto& variables = list.web->colors.entries.at(0).variables;
  ASSERT_TRUE(variables.has_value());
  EXPECT_EQ(variables->tokens_collection_name, "c");
  EXPECT_EQ(variables->dark_mode_name, "d");
  EXPECT_EQ(variables->position, (SourcePosition{"a.yaml", 1, 27}));
  Config single = config_of("web: {output: o, colors: {" + source + "}}\n");
  EXPECT_EQ(single.web->colors.entries.at(0).variables, std::nullopt);
}

TEST(Config, KeepsThePositionOfSectionsAndEntries) {
  Config config = config_of(
      "common:\n"
      "  icons: {figmaFrameName: I}\n"
      "web:\n"
      "  output: o\n"
      "  icons:\n"
      "    - iconSize: 16\n"
      "    - iconSize: 20\n"
      "  images: {}\n");
  EXPECT_EQ(config.common.icons.position, (SourcePosition{"a.yaml", 2, 3}));
  EXPECT_EQ(config.web->position, (SourcePosition{"a.yaml", 3, 1}));
  EXPECT_EQ(config.web->icons.position, (SourcePosition{"a.yaml", 5, 3}));
  EXPECT_EQ(config.web->icons.entries[1].position, (SourcePosition{"a.yaml", 7, 7}));
  EXPECT_EQ(config.web->images.entries[0].position, (SourcePosition{"a.yaml", 8, 3}));
}

TEST(Config, ReadsScalarsAsYaml11Does) {
  struct Case {
    std::string word;
    bool value;
  };
  for (const Case& test : {Case{"yes", true}, Case{"On", true}, Case{"TRUE", true},
                           Case{"no", false}, Case{"OFF", false}, Case{"False", false}}) {
    Config config =
        config_of("web: {output: o, icons: {generateReactComponents: " + test.word + "}}");
    EXPECT_EQ(config.web->icons.entries.at(0).generate_react_components, test.value) << test.word;
  }
  Config config =
      config_of("figma: {lightFileId: 1234, darkFileId: yes}\nweb: {output: 1.50, icons: {}}");
  EXPECT_EQ(config.figma.light_file_id, "1234");
  EXPECT_EQ(config.figma.dark_file_id, "yes");
  EXPECT_EQ(config.web->output, "1.50");
}

TEST(Config, ReadsRunSettings) {
  RunSettings run = config_of(
                        "web: {output: o, icons: {}}\n"
                        "gantry:\n"
                        "  parallel: 64\n"
                        "  maxRetries: 0\n"
                        "  rateLimit: 100000\n"
                        "  timeout: 2.5\n"
                        "  concurrentDownloads: 1\n"
                        "  failFast: on\n"
                        "  plan: view\n"
                        "  maxWait: 0\n"
                        "  cache: yes\n"
                        "  cachePath: c.db\n"
                        "  offline: no\n"
                        "  onConflict: continue\n"
                        "  report: r.json\n"
                        "  reportHtml: r.html\n")
                        .gantry;
  EXPECT_EQ(run.parallel, 64);
  EXPECT_EQ(run.max_retries, 0);
  EXPECT_EQ(run.rate_limit, 100000);
  EXPECT_EQ(run.timeout, Seconds(2.5));
  EXPECT_EQ(run.concurrent_downloads, (NumberOrAuto{.number = 1}));
  EXPECT_EQ(run.fail_fast, true);
  EXPECT_EQ(run.plan, Plan::kView);
  EXPECT_EQ(run.max_wait, Seconds(0));
  EXPECT_EQ(run.cache, true);
  EXPECT_EQ(run.cache_path, "c.db");
  EXPECT_EQ(run.offline, false);
  EXPECT_EQ(run.on_conflict, OnConflict::kContinue);
  EXPECT_EQ(run.report, "r.json");
  EXPECT_EQ(run.report_html, "r.html");
  RunSettings absent = config_of("web: {output: o, icons: {}}").gantry;
  EXPECT_EQ(absent.parallel, std::nullopt);
  EXPECT_EQ(absent.fail_fast, std::nullopt);
}

TEST(Config, KnowsWhereTheSettingsOfARunStand) {
  Loaded loaded = parse(
      "figma: {timeout: 5, lightFileId: a}\n"
      "web: {output: o, icons: {}}\n"
      "common: {cache: {enabled: true}}\n"
      "gantry:\n"
      "  parallel: 2\n"
      "  plan:\n",
      "a.yaml");
  std::map<std::string, std::string> places;
  for (const auto& [path, position] : loaded.positions) places[path] = position.to_string();
  EXPECT_EQ(places, (std::map<std::string, std::string>{{"common.cache.enabled", "a.yaml:3:18"},
                                                        {"figma.timeout", "a.yaml:1:9"},
                                                        {"gantry.parallel", "a.yaml:5:3"}}));
}

TEST(Config, ReadsBatchSettings) {
  BatchSettings batch = config_of(
                            "web: {output: o, icons: {}}\n"
                            "batch:\n"
                            "  defaultConcurrency: 20\n"
                            "  enableOptimizations: false\n"
                            "  groupingStrategy: none\n"
                            "  maxBatchSize: 1\n"
                            "  timeoutMs: 60000\n"
                            "  deduplication: false\n")
                            .batch;
  EXPECT_EQ(batch.default_concurrency, 20);
  EXPECT_FALSE(batch.enable_optimizations);
  EXPECT_EQ(batch.grouping_strategy, GroupingStrategy::kNone);
  EXPECT_EQ(batch.max_batch_size, 1);
  EXPECT_EQ(batch.timeout_ms, 60'000);
  EXPECT_FALSE(batch.deduplication);
  BatchSettings absent = config_of("web: {output: o, icons: {}}").batch;
  EXPECT_EQ(absent.default_concurrency, 5);
  EXPECT_TRUE(absent.enable_optimizations);
  EXPECT_EQ(absent.grouping_strategy, GroupingStrategy::kPrefix);
  EXPECT_EQ(absent.max_batch_size, 50);
  EXPECT_EQ(absent.timeout_ms, 30'000);
  EXPECT_TRUE(absent.deduplication);
}

TEST(Config, FollowsAliasesAndMergeKeys) {
  Config config = config_of(
      "web:\n"
      "  output: o\n"
      "  icons:\n"
      "    - &first {iconSize: 16, svgDirectory: a, figmaFrameName: A}\n"
      "    - <<: *first\n"
      "      svgDirectory: b\n"
      "    - <<: [{iconSize: 32}, *first]\n"
      "    - *first\n");
  const auto& icons = config.web->icons.entries;
  ASSERT_EQ(icons.size(), 4U);
  EXPECT_EQ(icons[1].icon_size, 16);
  EXPECT_EQ(icons[1].svg_directory, "b");
  EXPECT_EQ(icons[2].icon_size, 32);
  EXPECT_EQ(icons[2].svg_directory, "a");
  EXPECT_EQ(icons[3].figma_frame_name, "A");
}

TEST(Config, LoadsAFileAndNamesItInErrors) {
  std::string name = (fs::temp_directory_path() / "gantry-config-XXXXXX").string();
  fs::path folder = ::mkdtemp(name.data());
  fs::path path = folder / "web.yaml";
  std::ofstream(path) << "\xEF\xBB\xBFweb:\r\n  output: o\r\n  icons:\r\n    iconSize: 0\r\n";
  try {
    load(path);
    ADD_FAILURE() << "accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.position(), (SourcePosition{path.string(), 4, 15}));
  }
  std::ofstream(path) << std::string(5 << 20, ' ');
  try {
    load(path);
    ADD_FAILURE() << "accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kTooLarge);
    EXPECT_NE(error.message().find(path.string()), std::string::npos);
  }
  fs::remove(path);
  try {
    load(path);
    ADD_FAILURE() << "accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kNotFound);
  }
  fs::remove_all(folder);
}

}  // namespace
}  // namespace gantry::config
