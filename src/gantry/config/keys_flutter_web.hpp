// The table of keys, part 4: `flutter` and `web`.
#pragma once

#include "gantry/config/flutter.hpp"
#include "gantry/config/keys_common.hpp"
#include "gantry/config/web.hpp"

namespace gantry::config {

template <class Fields>
void describe(Fields& fields, FlutterColors& x) {
  fields.list_only_keys(x.variables);
  fields.optional("output", x.output, "Name of the Dart file");
  fields.optional("className", x.class_name, "Name of the class");
}

template <class Fields>
void describe(Fields& fields, FlutterIcons& x) {
  fields.required("output", x.output, "Folder for the assets, named in Dart as it stands here");
  fields.optional("dartFile", x.dart_file, "Name of the Dart file");
  fields.optional("className", x.class_name, "Name of the class");
  entry_icon_keys(fields, x);
}

template <class Fields>
void describe(Fields& fields, FlutterImages& x) {
  fields.required("output", x.output, "Folder for the assets, named in Dart as it stands here");
  fields.optional("dartFile", x.dart_file, "Name of the Dart file");
  fields.optional("className", x.class_name, "Name of the class");
  fields.optional("scales", x.scales, "Scales to export", one_of({1, 2, 3}));
  fields.optional("format", x.format, "Format of the files");
  fields.optional("webpOptions", x.webp_options, "How WebP is encoded");
  fields.optional("sourceFormat", x.source_format,
                  "Format that Figma renders; svg is rasterised here");
  fields.optional("nameStyle", x.name_style, "Case of the names");
  entry_frame_keys(fields, x);
}

template <class Fields>
void describe(Fields& fields, Flutter& x) {
  fields.required("output", x.output, "Folder for the Dart files");
  fields.optional("templatesPath", x.templates_path,
                  "Folder with templates that replace the built-in ones");
  fields.optional("colors", x.colors, "Colors");
  fields.optional("icons", x.icons, "Icons");
  fields.optional("images", x.images, "Images");
}

template <class Fields>
void describe(Fields& fields, WebColors& x) {
  fields.list_only_keys(x.variables);
  fields.optional("outputDirectory", x.output_directory,
                  "Folder below output; absent: output itself");
  fields.optional("cssFileName", x.css_file_name, "Name of the CSS file");
  fields.optional("tsFileName", x.ts_file_name, "Name of the TypeScript file");
  fields.optional("jsonFileName", x.json_file_name,
                  "Name of the JSON file; absent: none is written");
}

template <class Fields>
void describe(Fields& fields, WebIcons& x) {
  fields.optional("outputDirectory", x.output_directory,
                  "Folder below output for the components; absent: output itself");
  fields.optional("svgDirectory", x.svg_directory, "Folder below output for the SVG files");
  fields.optional("generateReactComponents", x.generate_react_components,
                  "Write a React component for each icon");
  fields.optional("iconSize", x.icon_size, "Size in pixels that a component has by default",
                  range(1, 10000));
  entry_icon_keys(fields, x);
}

template <class Fields>
void describe(Fields& fields, WebImages& x) {
  fields.optional("outputDirectory", x.output_directory,
                  "Folder below output for the components; absent: output itself");
  fields.optional("assetsDirectory", x.assets_directory, "Folder below output for the image files");
  fields.optional("generateReactComponents", x.generate_react_components,
                  "Write a React component for each image");
  entry_frame_keys(fields, x);
}

template <class Fields>
void describe(Fields& fields, Web& x) {
  fields.required("output", x.output, "Folder for all files");
  fields.optional("templatesPath", x.templates_path,
                  "Folder with templates that replace the built-in ones");
  fields.optional("colors", x.colors, "Colors");
  fields.optional("icons", x.icons, "Icons");
  fields.optional("images", x.images, "Images");
}

}  // namespace gantry::config
