// Icons for the web: SVG files, and React components with an index. Pure.
//
// Below the output root: `<svg_directory>/<name>.svg` and `<name>_dark.svg`, and, with React
// components, in `<output_directory>` one `<Component>.tsx` for each icon, `types.ts` and
// `index.ts`. The components compile under `tsc --strict` with any setting of "jsx".
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gantry/base/relative_path.hpp"
#include "gantry/design/asset.hpp"
#include "gantry/output/file_tree.hpp"

namespace gantry::exporters::web {

struct IconOptions {
  std::string output_directory;                // below the output root; empty or ".": the root
  std::string svg_directory = "assets/icons";  // likewise
  bool generate_react_components = true;
  int icon_size = 24;  // default width and height of a component, in pixels
};

// What FileTree::add takes.
using File = std::pair<RelativePath, output::OutputFile>;

class IconExport {
 public:
  // `assets` as make_assets() gives them. kInvalidConfig for a directory that leaves the root.
  IconExport(std::vector<design::Asset> assets, const IconOptions& options);

  const std::vector<design::Asset>& assets() const { return assets_; }

  // All paths that the export will write, sorted.
  std::vector<RelativePath> paths() const;

  // The files of one icon, from its SVG as Figma serves it; `dark` exactly if the asset has one.
  // Throws what svg::Document::parse and svg::to_jsx throw, naming the component. Any thread.
  std::vector<File> render(std::size_t asset, std::string_view light,
                           std::optional<std::string_view> dark) const;

  // Names all that the files of an icon depend on besides its drawings and its names: exports with
  // the same recipe make the same of the same.
  std::string recipe() const;

  // types.ts and index.ts; nothing without React components.
  std::vector<File> render_index() const;

  // The TypeScript name of an icon's component.
  const std::string& component(std::size_t asset) const { return components_[asset]; }
  // Of an icon, by its name or its dark name.
  RelativePath svg_path(const std::string& name) const;

 private:
  RelativePath code_path(const std::string& name) const;

  std::vector<design::Asset> assets_;
  std::vector<std::string> components_;
  std::string code_prefix_;
  std::string svg_prefix_;
  bool react_;
  int icon_size_;
};

}  // namespace gantry::exporters::web
