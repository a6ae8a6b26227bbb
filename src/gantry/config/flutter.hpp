// The `flutter` section: Dart code and assets of a Flutter package.
#pragma once

#include "gantry/config/values.hpp"

namespace gantry::config {

struct FlutterColors {
  SourcePosition position;
  std::optional<VariablesColors> variables;  // set in the list form only
  std::string output = "colors.dart";
  std::string class_name = "AppColors";
};

struct FlutterIcons {
  SourcePosition position;
  std::string output;  // also the prefix of the asset names in Dart
  std::string dart_file = "icons.dart";
  std::string class_name = "AppIcons";
  // Set in the list form only.
  std::optional<std::string> figma_frame_name;
  std::optional<std::string> figma_page_name;
  NameStyle name_style = NameStyle::kSnakeCase;
  std::optional<std::string> name_validate_regexp;
  std::optional<std::string> name_replace_regexp;
};

struct FlutterImages {
  SourcePosition position;
  std::string output;  // also the prefix of the asset names in Dart
  std::string dart_file = "images.dart";
  std::string class_name = "AppImages";
  std::vector<double> scales = {1, 2, 3};
  ImageFormat format = ImageFormat::kPng;
  std::optional<WebpOptions> webp_options;
  SourceFormat source_format = SourceFormat::kPng;
  NameStyle name_style = NameStyle::kSnakeCase;
  // Set in the list form only.
  std::optional<std::string> figma_frame_name;
  std::optional<std::string> figma_page_name;
};

struct Flutter {
  SourcePosition position;
  std::string output;
  std::optional<std::string> templates_path;
  Sections<FlutterColors> colors;
  Sections<FlutterIcons> icons;
  Sections<FlutterImages> images;
};

}  // namespace gantry::config
