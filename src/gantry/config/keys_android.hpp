// The table of keys, part 3: `android`.
#pragma once

#include "gantry/config/android.hpp"
#include "gantry/config/keys_common.hpp"

namespace gantry::config {

template <class Fields>
void describe(Fields& fields, NameTransform& x) {
  fields.optional("style", x.style, "Case of the attribute names");
  fields.optional("prefix", x.prefix, "What attribute names begin with");
  fields.optional("stripPrefixes", x.strip_prefixes,
                  "Beginnings of color names that are cut off first");
}

template <class Fields>
void describe(Fields& fields, ThemeAttributes& x) {
  fields.optional("enabled", x.enabled, "Write theme attributes");
  fields.optional("attrsFile", x.attrs_file, "File with the attributes, below mainRes");
  fields.optional("stylesFile", x.styles_file, "File with the light theme, below mainRes");
  fields.optional("stylesNightFile", x.styles_night_file,
                  "File with the dark theme, below mainRes");
  fields.required("themeName", x.theme_name, "Name of the theme, as in Theme.MyApp");
  fields.optional("markerStart", x.marker_start, "Comment before the generated part of a file");
  fields.optional("markerEnd", x.marker_end, "Comment after the generated part of a file");
  fields.optional("autoCreateMarkers", x.auto_create_markers,
                  "Create files and markers that are missing");
  fields.optional("nameTransform", x.name_transform, "How color names become attribute names");
}

template <class Fields>
void describe(Fields& fields, AndroidColors& x) {
  fields.list_only_keys(x.variables);
  fields.optional("xmlOutputFileName", x.xml_output_file_name, "Name of the resource file");
  fields.optional("xmlDisabled", x.xml_disabled, "Write no resource file");
  fields.optional("composePackageName", x.compose_package_name,
                  "Package of the colors for Jetpack Compose");
  fields.optional("colorKotlin", x.color_kotlin,
                  "Kotlin file with the colors; absent: from mainSrc and the package");
  fields.optional("themeAttributes", x.theme_attributes, "Colors as attributes of a theme");
}

template <class Fields>
void describe(Fields& fields, AndroidIcons& x) {
  fields.required("output", x.output, "Folder below mainRes for the icons");
  fields.optional("composePackageName", x.compose_package_name,
                  "Package of the icons for Jetpack Compose");
  fields.optional("composeFormat", x.compose_format,
                  "References to resources, or vectors in Kotlin");
  fields.optional("composeExtensionTarget", x.compose_extension_target,
                  "Object that vectors in Kotlin extend, with its package");
  fields.optional("pathPrecision", x.path_precision, "Decimals of coordinates", range(1, 6));
  fields.optional("strictPathValidation", x.strict_path_validation,
                  "Fail for path data that Android cannot load; absent: as common.icons says");
  entry_icon_keys(fields, x);
}

template <class Fields>
void describe(Fields& fields, AndroidImages& x) {
  fields.required("output", x.output, "Folder below mainRes for the images");
  fields.required("format", x.format, "Format of the files");
  fields.optional("scales", x.scales, "Scales to export", one_of({1, 1.5, 2, 3, 4}));
  fields.optional("webpOptions", x.webp_options, "How WebP is encoded");
  fields.optional("sourceFormat", x.source_format,
                  "Format that Figma renders; svg is rasterised here");
  entry_frame_keys(fields, x);
}

template <class Fields>
void describe(Fields& fields, AndroidTypography& x) {
  fields.required("nameStyle", x.name_style, "Case of the names");
  fields.optional("composePackageName", x.compose_package_name,
                  "Package of the text styles for Jetpack Compose");
}

template <class Fields>
void describe(Fields& fields, Android& x) {
  fields.required("mainRes", x.main_res, "Path of the folder main/res");
  fields.optional("resourcePackage", x.resource_package, "Package of the constant R");
  fields.optional("mainSrc", x.main_src, "Path of the source folder for Kotlin");
  fields.optional("templatesPath", x.templates_path,
                  "Folder with templates that replace the built-in ones");
  fields.optional("colors", x.colors, "Colors");
  fields.optional("icons", x.icons, "Icons");
  fields.optional("images", x.images, "Images");
  fields.optional("typography", x.typography, "Text styles");
}

}  // namespace gantry::config
