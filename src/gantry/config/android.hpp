// The `android` section: resources and Jetpack Compose code of an Android module.
#pragma once

#include "gantry/config/values.hpp"

namespace gantry::config {

struct NameTransform {
  SourcePosition position;
  NameStyle style = NameStyle::kPascalCase;
  std::string prefix = "color";
  std::vector<std::string> strip_prefixes;
};

struct ThemeAttributes {
  SourcePosition position;
  bool enabled = false;
  std::string attrs_file = "values/attrs.xml";                // below main_res
  std::string styles_file = "values/styles.xml";              // below main_res
  std::string styles_night_file = "values-night/styles.xml";  // below main_res
  std::string theme_name;
  std::string marker_start = "FIGMA COLORS MARKER START";
  std::string marker_end = "FIGMA COLORS MARKER END";
  bool auto_create_markers = false;
  NameTransform name_transform;
};

struct AndroidColors {
  SourcePosition position;
  std::optional<VariablesColors> variables;  // set in the list form only
  std::string xml_output_file_name = "colors.xml";
  bool xml_disabled = false;
  std::optional<std::string> compose_package_name;
  std::optional<std::string> color_kotlin;
  std::optional<ThemeAttributes> theme_attributes;
};

struct AndroidIcons {
  SourcePosition position;
  std::string output;  // below main_res
  std::optional<std::string> compose_package_name;
  ComposeFormat compose_format = ComposeFormat::kResourceReference;
  std::optional<std::string> compose_extension_target;
  int path_precision = 4;                      // decimals of a coordinate
  std::optional<bool> strict_path_validation;  // else that of common.icons
  // Set in the list form only.
  std::optional<std::string> figma_frame_name;
  std::optional<std::string> figma_page_name;
  NameStyle name_style = NameStyle::kSnakeCase;
  std::optional<std::string> name_validate_regexp;
  std::optional<std::string> name_replace_regexp;
};

struct AndroidImages {
  SourcePosition position;
  std::string output;  // below main_res
  ImageFormat format = ImageFormat::kPng;
  std::vector<double> scales = {1, 1.5, 2, 3, 4};
  std::optional<WebpOptions> webp_options;
  SourceFormat source_format = SourceFormat::kPng;
  // Set in the list form only.
  std::optional<std::string> figma_frame_name;
  std::optional<std::string> figma_page_name;
};

struct AndroidTypography {
  SourcePosition position;
  NameStyle name_style = NameStyle::kCamelCase;
  std::optional<std::string> compose_package_name;
};

struct Android {
  SourcePosition position;
  std::string main_res;
  std::optional<std::string> resource_package;
  std::optional<std::string> main_src;
  std::optional<std::string> templates_path;
  Sections<AndroidColors> colors;
  Sections<AndroidIcons> icons;
  Sections<AndroidImages> images;
  std::optional<AndroidTypography> typography;
};

}  // namespace gantry::config
