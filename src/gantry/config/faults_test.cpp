#include <algorithm>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gantry/config/config.hpp"

namespace gantry::config {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::string message_of(const std::string& text) {
  try {
    parse(text, "a.yaml");
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kInvalidConfig);
    EXPECT_TRUE(error.position().has_value());
    return error.message();
  }
  return "no error";
}

std::vector<std::string> warnings_of(const std::string& text) {
  std::vector<std::string> result;
  try {
    for (const Warning& warning : parse(text, "a.yaml").warnings) {
      result.push_back(warning.to_string());
    }
  } catch (const Error& error) {
    ADD_FAILURE() << error.message();
  }
  return result;
}

struct Fault {
  std::string text;
  std::string message;
};

void expect_faults(const std::vector<Fault>& faults) {
  for (const Fault& fault : faults) EXPECT_EQ(message_of(fault.text), fault.message) << fault.text;
}

TEST(ConfigFaults, NameFilesThatAreNoConfiguration) {
  expect_faults({
      {"",
       "a.yaml:1:1: the file is empty, expected a mapping with figma, common and ios, android, "
       "flutter or web"},
      {"~",
       "a.yaml:1:1: the file is empty, expected a mapping with figma, common and ios, android, "
       "flutter or web"},
      {"\n- web\n",
       "a.yaml:2:1: not a configuration, expected a mapping with figma, common and ios, android, "
       "flutter or web"},
      {"just words",
       "a.yaml:1:1: not a configuration, expected a mapping with figma, common and ios, android, "
       "flutter or web"},
      {"figma: {lightFileId: x}\n",
       "a.yaml:1:1: nothing to export, expected colors, icons, images or typography under ios, "
       "android, flutter or web"},
      {"web:\n  output: out\n",
       "a.yaml:1:1: nothing to export, expected colors, icons, images or typography under ios, "
       "android, flutter or web"},
  });
}

TEST(ConfigFaults, NameValuesOfTheWrongType) {
  expect_faults({
      {"web: out\n", "a.yaml:1:6: 'web' is 'out', expected a mapping"},
      {"web:\n  - output: out\n", "a.yaml:2:3: 'web' is a list, expected a mapping"},
      {"web: {output: [a], icons: {}}", "a.yaml:1:15: 'web.output' is a list, expected a text"},
      {"web: {output: {a: b}, icons: {}}",
       "a.yaml:1:15: 'web.output' is a mapping, expected a text"},
      {"web:\n  output: out\n  icons: all\n",
       "a.yaml:3:10: 'web.icons' is 'all', expected a mapping or a list of mappings"},
      {"web:\n  output: out\n  icons:\n    generateReactComponents: maybe\n",
       "a.yaml:4:30: 'web.icons.generateReactComponents' is 'maybe', expected true or false"},
      {"web:\n  output: out\n  icons:\n    iconSize: 24px\n",
       "a.yaml:4:15: 'web.icons.iconSize' is '24px', expected a whole number from 1 to 10000"},
      {"web:\n  output: out\n  icons:\n    iconSize: 24.5\n",
       "a.yaml:4:15: 'web.icons.iconSize' is '24.5', expected a whole number from 1 to 10000"},
      {"flutter: {output: o, images: {output: a, scales: 2}}",
       "a.yaml:1:50: 'flutter.images.scales' is '2', expected a list of one number or more"},
      {"flutter: {output: o, images: {output: a, scales: []}}",
       "a.yaml:1:50: 'flutter.images.scales' is a list, expected a list of one number or more"},
      {"flutter: {output: o, images: {output: a, scales: [1, x]}}",
       "a.yaml:1:54: 'flutter.images.scales[1]' is 'x', expected a number of 1, 2, 3"},
      {"android: {mainRes: r, colors: {themeAttributes: {themeName: T, nameTransform: "
       "{stripPrefixes: a}}}}",
       "a.yaml:1:95: 'android.colors.themeAttributes.nameTransform.stripPrefixes' is 'a', expected "
       "a list of texts"},
      {"web: {output: o, icons: [~]}", "a.yaml:1:26: 'web.icons[0]' is empty, expected a mapping"},
      {"web: {output: o, icons: [a]}", "a.yaml:1:26: 'web.icons[0]' is 'a', expected a mapping"},
      {"web: {output: \"a\\0b\", icons: {}}",
       "a.yaml:1:15: 'web.output' is 'a\\x00b', expected a text without NUL characters"},
      {"web: {output: o, icons: {}, [a]: b}",
       "a.yaml:1:29: a key of 'web' is a list, expected a text"},
      {"web: {output: o, icons: {<<: x}}",
       "a.yaml:1:30: 'web.icons.<<' is 'x', expected a mapping or a list of mappings"},
  });
}

TEST(ConfigFaults, NameWordsThatAreNotInTheList) {
  expect_faults({
      {"android: {mainRes: r, typography: {nameStyle: camelcase}}",
       "a.yaml:1:47: 'android.typography.nameStyle' is 'camelcase', expected one of camelCase, "
       "snake_case, PascalCase, kebab-case, SCREAMING_SNAKE_CASE, did you mean 'camelCase'"},
      {"android: {mainRes: r, images: {output: o, format: wepb}}",
       "a.yaml:1:51: 'android.images.format' is 'wepb', expected one of svg, png, webp, did you "
       "mean 'webp'"},
      {"android: {mainRes: r, images: {output: o, format: gif}}",
       "a.yaml:1:51: 'android.images.format' is 'gif', expected one of svg, png, webp"},
      {"android: {mainRes: r, images: {output: o, format: [svg]}}",
       "a.yaml:1:51: 'android.images.format' is a list, expected one of svg, png, webp"},
  });
}

TEST(ConfigFaults, NameNumbersOutOfRange) {
  const std::vector<Fault> cases = {
      {"parallel: 0", "'gantry.parallel' is '0', expected a whole number from 1 to 64"},
      {"parallel: 65", "'gantry.parallel' is '65', expected a whole number from 1 to 64"},
      {"maxRetries: -1", "'gantry.maxRetries' is '-1', expected a whole number from 0 to 20"},
      {"maxRetries: 21", "'gantry.maxRetries' is '21', expected a whole number from 0 to 20"},
      {"rateLimit: 0", "'gantry.rateLimit' is '0', expected a whole number from 1 to 100000"},
      {"rateLimit: 99999999999",
       "'gantry.rateLimit' is '99999999999', expected a whole number from 1 to 100000"},
      {"timeout: 0.5", "'gantry.timeout' is '0.5', expected a number of seconds from 1 to 3600"},
      {"timeout: 3600.1",
       "'gantry.timeout' is '3600.1', expected a number of seconds from 1 to 3600"},
      {"timeout: .nan", "'gantry.timeout' is '.nan', expected a number of seconds from 1 to 3600"},
      {"timeout: nan", "'gantry.timeout' is 'nan', expected a number of seconds from 1 to 3600"},
      {"concurrentDownloads: 257",
       "'gantry.concurrentDownloads' is '257', expected auto or a whole number from 1 to 256"},
      {"maxWait: 86401",
       "'gantry.maxWait' is '86401', expected a number of seconds from 0 to 86400"},
      {"maxWait: -1", "'gantry.maxWait' is '-1', expected a number of seconds from 0 to 86400"},
  };
  for (const Fault& test : cases) {
    std::string column = std::to_string(3 + test.text.find(' ') + 1);
    EXPECT_EQ(message_of("web: {output: o, icons: {}}\ngantry:\n  " + test.text + "\n"),
              "a.yaml:3:" + column + ": " + test.message);
  }
  expect_faults({
      {"android: {mainRes: r, icons: {output: o, pathPrecision: 7}}",
       "a.yaml:1:57: 'android.icons.pathPrecision' is '7', expected a whole number from 1 to 6"},
      {"android: {mainRes: r, images: {output: o, format: svg, scales: [1.5, 2.5]}}",
       "a.yaml:1:70: 'android.images.scales[1]' is '2.5', expected a number of 1, 1.5, 2, 3, 4"},
  });
}

TEST(ConfigFaults, NameRequiredKeysThatAreMissing) {
  expect_faults({
      {"figma:\n  lightFileId: x\nweb:\n  icons: {}\n",
       "a.yaml:3:1: missing required key 'web.output' (Folder for all files)"},
      {"web:\n  output:\n  icons: {}\n",
       "a.yaml:1:1: missing required key 'web.output' (Folder for all files)"},
      {"android:\n  mainRes: r\n  images:\n    output: o\n    format: webp\n"
       "    webpOptions:\n      quality: 80\n",
       "a.yaml:6:5: missing required key 'android.images.webpOptions.encoding' (Encoding of WebP)"},
      {"ios: {xcodeprojPath: x, target: t, xcassetsPath: x, xcassetsInMainBundle: on,\n"
       "  colors: {useColorAssets: true, nameStyle: camelCase}}\n",
       "a.yaml:2:3: missing key 'ios.colors.assetsFolder', required if 'useColorAssets' is true"},
      {"flutter:\n  output: o\n  icons:\n    - output: a\n    - dartFile: b\n",
       "a.yaml:5:7: missing required key 'flutter.icons[1].output' (Folder for the assets, named "
       "in Dart as it stands here)"},
  });
}

TEST(ConfigFaults, BelongToTheEntryOfAList) {
  EXPECT_EQ(message_of("android:\n"
                       "  mainRes: r\n"
                       "  icons:\n"
                       "    - output: a\n"
                       "      composeFormat: imageVector\n"
                       "    - output: b\n"
                       "      composeFormat: imageVectors\n"),
            "a.yaml:7:22: 'android.icons[1].composeFormat' is 'imageVectors', expected one of "
            "resourceReference, imageVector, did you mean 'imageVector'");
  EXPECT_EQ(message_of("web:\n"
                       "  output: o\n"
                       "  colors:\n"
                       "    - tokensFileId: f\n"
                       "      lightModeName: Light\n"),
            "a.yaml:4:7: missing required key 'web.colors[0].tokensCollectionName' (Collection of "
            "the variables)");
}

TEST(ConfigFaults, NameBothLinesOfADuplicateKey) {
  expect_faults({
      {"web:\n  output: a\n  icons: {}\n  output: b\n",
       "a.yaml:4:3: duplicate key 'web.output', first given on line 2"},
      {"web: {output: a, icons: {}}\nfigma: {}\nweb: {}\n",
       "a.yaml:3:1: duplicate key 'web', first given on line 1"},
  });
}

TEST(ConfigFaults, AreReportedTogetherInTheOrderOfTheFile) {
  std::string text =
      "gantry:\n"
      "  parallel: 100\n"
      "web:\n"
      "  icons:\n"
      "    iconSize: big\n"
      "    nmaeStyle: x\n"
      "figma: [x]\n";
  try {
    parse(text, "a.yaml");
    FAIL() << "accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.message(),
              "a.yaml:2:13: 'gantry.parallel' is '100', expected a whole number from 1 to 64\n"
              "a.yaml:3:1: missing required key 'web.output' (Folder for all files)\n"
              "a.yaml:5:15: 'web.icons.iconSize' is 'big', expected a whole number from 1 to "
              "10000\n"
              "a.yaml:7:8: 'figma' is a list, expected a mapping");
    EXPECT_EQ(error.position(), (SourcePosition{"a.yaml", 2, 13}));
  }
}

TEST(ConfigFaults, AreCutAfterAHundred) {
  std::string text = "web:\n  output: a\n  icons: {}\n";
  for (int i = 0; i < 150; ++i) text += "  output: a\n";
  std::string message = message_of(text);
  EXPECT_EQ(std::count(message.begin(), message.end(), '\n'), 100);
  EXPECT_TRUE(message.ends_with("\nand 50 more faults")) << message.substr(message.size() - 80);
}

TEST(ConfigFaults, ShowTextsThatATerminalWouldObeyEscapedAndCut) {
  std::string message = message_of("web: \"\\e[31m" + std::string(100, 'x') + "\"\n");
  EXPECT_EQ(message,
            "a.yaml:1:6: 'web' is '\\x1b[31m" + std::string(56, 'x') + "...', expected a mapping");
}

TEST(ConfigWarnings, NameUnknownKeysAndTheNearestKnownOne) {
  EXPECT_THAT(warnings_of("web:\n"
                          "  output: o\n"
                          "  icons:\n"
                          "    outputDirektory: x\n"
                          "    somethingElse: y\n"
                          "  images:\n"
                          "    - assetDirectory: z\n"
                          "typography: {}\n"
                          "iso:\n"
                          "  target: t\n"),
              ElementsAre("a.yaml:4:5: unknown key 'web.icons.outputDirektory', did you mean "
                          "'outputDirectory'",
                          "a.yaml:5:5: unknown key 'web.icons.somethingElse'",
                          "a.yaml:7:7: unknown key 'web.images[0].assetDirectory', did you mean "
                          "'assetsDirectory'",
                          "a.yaml:8:1: unknown key 'typography'",
                          "a.yaml:9:1: unknown key 'iso', did you mean 'ios'"));
}

TEST(ConfigWarnings, NameKeysThatOnlyListsRead) {
  EXPECT_THAT(warnings_of("web:\n"
                          "  output: o\n"
                          "  colors:\n"
                          "    tokensFileId: f\n"
                          "  icons:\n"
                          "    figmaFrameName: Actions\n"),
              ElementsAre("a.yaml:4:5: 'web.colors.tokensFileId' is ignored: only a list of "
                          "'web.colors' has this key, a single mapping reads what stands in "
                          "'common'",
                          "a.yaml:6:5: 'web.icons.figmaFrameName' is ignored: only a list of "
                          "'web.icons' has this key, a single mapping reads what stands in "
                          "'common'"));
}

TEST(ConfigWarnings, AreNotRaisedForKeysWithoutAValue) {
  EXPECT_THAT(
      warnings_of("common:\nios: ~\nelse:\nweb:\n  output: o\n  icons:\n    figmaFrameName:\n"
                  "  colors: {tsFileName: null}\n"),
      IsEmpty());
}

TEST(ConfigColorsSource, IsOpenOnlyForSingleColorsWithStylesAndVariables) {
  const std::string common =
      "common:\n"
      "  colors: {useSingleFile: true}\n"
      "  variablesColors: {tokensFileId: f, tokensCollectionName: c, lightModeName: l}\n";
  const std::string warning =
      "a.yaml:3:3: both 'common.colors' (line 2) and 'common.variablesColors' are set, so that it "
      "is open where colors come from; remove one of them to export colors";
  std::string single = common + "web: {output: o, colors: {}}\n";
  EXPECT_THAT(warnings_of(single), ElementsAre(warning));
  try {
    require_one_colors_source(parse(single, "a.yaml").config);
    FAIL() << "accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kInvalidConfig);
    EXPECT_EQ(error.message(), warning);
  }
  for (const char* web : {"web: {output: o, icons: {}}\n", "web: {output: o, colors: []}\n"}) {
    EXPECT_THAT(warnings_of(common + web), IsEmpty());
    EXPECT_NO_THROW(require_one_colors_source(parse(common + web, "a.yaml").config));
  }
  std::string variables_only = common;
  variables_only.erase(variables_only.find("  colors"), variables_only.find("  variables") - 8);
  EXPECT_NO_THROW(require_one_colors_source(
      parse(variables_only + "web: {output: o, colors: {}}\n", "a.yaml").config));
}

}  // namespace
}  // namespace gantry::config
