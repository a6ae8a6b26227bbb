// The `web` section: CSS, TypeScript, SVG and React components. All folders but `output` itself
// are below `output`.
#pragma once

#include "gantry/config/values.hpp"

namespace gantry::config {

struct WebColors {
  SourcePosition position;
  std::optional<VariablesColors> variables;     // set in the list form only
  std::optional<std::string> output_directory;  // absent: `output` itself
  std::string css_file_name = "theme.css";
  std::string ts_file_name = "variables.ts";
  std::optional<std::string> json_file_name;  // absent: no JSON
};

struct WebIcons {
  SourcePosition position;
  std::optional<std::string> output_directory;  // of the components; absent: `output` itself
  std::string svg_directory = "assets/icons";
  bool generate_react_components = true;
  int icon_size = 24;  // pixels
  // Set in the list form only.
  std::optional<std::string> figma_frame_name;
  std::optional<std::string> figma_page_name;
  NameStyle name_style = NameStyle::kSnakeCase;
  std::optional<std::string> name_validate_regexp;
  std::optional<std::string> name_replace_regexp;
};

struct WebImages {
  SourcePosition position;
  std::optional<std::string> output_directory;  // of the components; absent: `output` itself
  std::string assets_directory = "assets/images";
  bool generate_react_components = true;
  // Set in the list form only.
  std::optional<std::string> figma_frame_name;
  std::optional<std::string> figma_page_name;
};

struct Web {
  SourcePosition position;
  std::string output;
  std::optional<std::string> templates_path;
  Sections<WebColors> colors;
  Sections<WebIcons> icons;
  Sections<WebImages> images;
};

}  // namespace gantry::config
