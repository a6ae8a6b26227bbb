// The table of keys, part 2: `ios`.
#pragma once

#include "gantry/config/ios.hpp"
#include "gantry/config/keys_common.hpp"

namespace gantry::config {

template <class Fields>
void describe(Fields& fields, IosColors& x) {
  fields.list_only_keys(x.variables);
  fields.required("useColorAssets", x.use_color_assets,
                  "Color sets in the asset catalogue, not colors in code");
  fields.optional("assetsFolder", x.assets_folder,
                  "Folder of the asset catalogue for the color sets");
  fields.needs("useColorAssets", x.use_color_assets, "assetsFolder", x.assets_folder.has_value());
  fields.required("nameStyle", x.name_style, "Case of the names");
  fields.optional("groupUsingNamespace", x.group_using_namespace,
                  "Folders with namespaces from the parts of a name between slashes");
  fields.optional("colorSwift", x.color_swift, "Swift file with an extension of UIColor");
  fields.optional("swiftuiColorSwift", x.swiftui_color_swift,
                  "Swift file with an extension of Color (SwiftUI)");
  fields.optional("syncCodeSyntax", x.sync_code_syntax,
                  "Write the names in code back to the variables of Figma");
  fields.optional("codeSyntaxTemplate", x.code_syntax_template,
                  "What is written back; {name} stands for the name, as in Color.{name}");
}

template <class Fields, class Assets>
void render_mode_suffix_keys(Fields& fields, Assets& x) {
  fields.optional("renderModeDefaultSuffix", x.render_mode_default_suffix,
                  "Suffix of names in Figma that are rendered by default mode");
  fields.optional("renderModeOriginalSuffix", x.render_mode_original_suffix,
                  "Suffix of names in Figma that are rendered as original");
  fields.optional("renderModeTemplateSuffix", x.render_mode_template_suffix,
                  "Suffix of names in Figma that are rendered as template");
}

template <class Fields, class Assets>
void swift_image_keys(Fields& fields, Assets& x) {
  fields.optional("imageSwift", x.image_swift, "Swift file with an extension of UIImage");
  fields.optional("swiftUIImageSwift", x.swift_ui_image_swift,
                  "Swift file with an extension of Image (SwiftUI)");
  fields.optional("codeConnectSwift", x.code_connect_swift, "Swift file for Figma Code Connect");
}

template <class Fields>
void describe(Fields& fields, IosIcons& x) {
  fields.required("format", x.format, "Format of the files");
  fields.required("assetsFolder", x.assets_folder,
                  "Folder of the asset catalogue for the image sets");
  fields.required("nameStyle", x.name_style, "Case of the names");
  fields.optional("preservesVectorRepresentation", x.preserves_vector_representation,
                  "Names (with * for any run) whose vector data the app keeps");
  swift_image_keys(fields, x);
  fields.optional("renderMode", x.render_mode, "How the icons are rendered");
  render_mode_suffix_keys(fields, x);
  entry_frame_keys(fields, x);
  entry_name_pattern_keys(fields, x);
}

template <class Fields>
void describe(Fields& fields, HeicOptions& x) {
  fields.optional("encoding", x.encoding, "Encoding of HEIC");
  fields.optional("quality", x.quality, "Quality in percent, for lossy", range(0, 100));
}

template <class Fields>
void describe(Fields& fields, IosImages& x) {
  fields.required("assetsFolder", x.assets_folder,
                  "Folder of the asset catalogue for the image sets");
  fields.required("nameStyle", x.name_style, "Case of the names");
  fields.optional("scales", x.scales, "Scales to export", one_of({1, 2, 3}));
  swift_image_keys(fields, x);
  fields.optional("renderMode", x.render_mode, "How the images are rendered");
  render_mode_suffix_keys(fields, x);
  fields.optional("heicOptions", x.heic_options, "How HEIC is encoded");
  entry_frame_keys(fields, x);
  fields.list_only("sourceFormat", x.source_format,
                   "Format that Figma renders; svg is rasterised here");
  fields.list_only("outputFormat", x.output_format, "Format of the files");
}

template <class Fields>
void describe(Fields& fields, IosTypography& x) {
  fields.optional("fontSwift", x.font_swift, "Swift file with an extension of UIFont");
  fields.optional("labelStyleSwift", x.label_style_swift, "Swift file with the label styles");
  fields.optional("swiftUIFontSwift", x.swift_ui_font_swift,
                  "Swift file with an extension of Font (SwiftUI)");
  fields.required("generateLabels", x.generate_labels, "Generate a UILabel for each text style");
  fields.optional("labelsDirectory", x.labels_directory, "Folder for the labels");
  fields.required("nameStyle", x.name_style, "Case of the names");
}

template <class Fields>
void describe(Fields& fields, Ios& x) {
  fields.required("xcodeprojPath", x.xcodeproj_path, "Path of the Xcode project");
  fields.required("target", x.target, "Target that gets the generated files");
  fields.required("xcassetsPath", x.xcassets_path, "Path of the asset catalogue");
  fields.required("xcassetsInMainBundle", x.xcassets_in_main_bundle,
                  "The asset catalogue is in the main bundle");
  fields.optional("xcassetsInSwiftPackage", x.xcassets_in_swift_package,
                  "The asset catalogue is in a Swift package");
  fields.optional("resourceBundleNames", x.resource_bundle_names,
                  "Names of the bundles that may hold the catalogue");
  fields.optional("addObjcAttribute", x.add_objc_attribute, "Mark generated members with @objc");
  fields.optional("templatesPath", x.templates_path,
                  "Folder with templates that replace the built-in ones");
  fields.optional("colors", x.colors, "Colors");
  fields.optional("icons", x.icons, "Icons");
  fields.optional("images", x.images, "Images");
  fields.optional("typography", x.typography, "Text styles");
}

}  // namespace gantry::config
