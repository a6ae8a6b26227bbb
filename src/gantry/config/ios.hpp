// The `ios` section: asset catalogues and Swift code of an Xcode project.
#pragma once

#include "gantry/config/values.hpp"

namespace gantry::config {

struct IosColors {
  SourcePosition position;
  std::optional<VariablesColors> variables;  // set in the list form only
  bool use_color_assets = false;
  std::optional<std::string> assets_folder;  // set if use_color_assets
  NameStyle name_style = NameStyle::kCamelCase;
  bool group_using_namespace = false;
  std::optional<std::string> color_swift;
  std::optional<std::string> swiftui_color_swift;
  bool sync_code_syntax = false;
  std::optional<std::string> code_syntax_template;
};

struct IosIcons {
  SourcePosition position;
  IconFormat format = IconFormat::kPdf;
  std::string assets_folder;
  NameStyle name_style = NameStyle::kCamelCase;
  std::vector<std::string> preserves_vector_representation;
  std::optional<std::string> image_swift;
  std::optional<std::string> swift_ui_image_swift;
  std::optional<std::string> code_connect_swift;
  RenderMode render_mode = RenderMode::kTemplate;
  std::optional<std::string> render_mode_default_suffix;
  std::optional<std::string> render_mode_original_suffix;
  std::optional<std::string> render_mode_template_suffix;
  // Set in the list form only.
  std::optional<std::string> figma_frame_name;
  std::optional<std::string> figma_page_name;
  std::optional<std::string> name_validate_regexp;
  std::optional<std::string> name_replace_regexp;
};

struct HeicOptions {
  SourcePosition position;
  Encoding encoding = Encoding::kLossy;
  int quality = 90;  // percent
};

struct IosImages {
  SourcePosition position;
  std::string assets_folder;
  NameStyle name_style = NameStyle::kCamelCase;
  std::vector<double> scales = {1, 2, 3};
  std::optional<std::string> image_swift;
  std::optional<std::string> swift_ui_image_swift;
  std::optional<std::string> code_connect_swift;
  std::optional<RenderMode> render_mode;
  std::optional<std::string> render_mode_default_suffix;
  std::optional<std::string> render_mode_original_suffix;
  std::optional<std::string> render_mode_template_suffix;
  HeicOptions heic_options;
  // Set in the list form only.
  std::optional<std::string> figma_frame_name;
  std::optional<std::string> figma_page_name;
  SourceFormat source_format = SourceFormat::kPng;
  OutputFormat output_format = OutputFormat::kPng;
};

struct IosTypography {
  SourcePosition position;
  std::optional<std::string> font_swift;
  std::optional<std::string> label_style_swift;
  std::optional<std::string> swift_ui_font_swift;
  bool generate_labels = false;
  std::optional<std::string> labels_directory;
  NameStyle name_style = NameStyle::kCamelCase;
};

struct Ios {
  SourcePosition position;
  std::string xcodeproj_path;
  std::string target;
  std::string xcassets_path;
  bool xcassets_in_main_bundle = false;
  std::optional<bool> xcassets_in_swift_package;
  std::vector<std::string> resource_bundle_names;
  bool add_objc_attribute = false;
  std::optional<std::string> templates_path;
  Sections<IosColors> colors;
  Sections<IosIcons> icons;
  Sections<IosImages> images;
  std::optional<IosTypography> typography;
};

}  // namespace gantry::config
