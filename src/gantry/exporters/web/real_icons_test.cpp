// All icons of lucide and flag-icons, where the data lies beside the source tree. With
// GANTRY_KEEP_TSX=<folder> in the environment the result stays there, for a TypeScript compiler.
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <map>
#include <string>

#include <gtest/gtest.h>

#include "gantry/base/files.hpp"
#include "gantry/exporters/web/icons.hpp"
#include "gantry/svg/document.hpp"

namespace gantry::exporters::web {
namespace {

namespace fs = std::filesystem;

const std::string kArchive = std::string(GANTRY_SHARED_DATA) + "/icons/svg-icons.tar.xz";

class Folder {
 public:
  Folder() {
    std::string pattern = (fs::temp_directory_path() / "gantry-icons-XXXXXX").string();
    path_ = mkdtemp(pattern.data());
  }
  ~Folder() { fs::remove_all(path_); }
  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

// "flags/ad" -> SVG text.
std::map<std::string, std::string> unpacked(const fs::path& folder) {
  std::map<std::string, std::string> icons;
  std::string command = "tar -xJf '" + kArchive + "' -C '" + folder.string() + "'";
  if (std::system(command.c_str()) != 0) return icons;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (entry.path().extension() != ".svg") continue;
    std::string name = fs::relative(entry.path(), folder).replace_extension().string();
    icons[name] = read_file(entry.path());
  }
  return icons;
}

std::vector<design::Asset> assets_for(const std::map<std::string, std::string>& icons) {
  design::Source source{.file_key = "KEY", .components = {}};
  for (const auto& [name, text] : icons) {
    source.components.push_back({.name = name,
                                 .set_name = "",
                                 .node_id = "1:" + std::to_string(source.components.size()),
                                 .page = "",
                                 .frame = ""});
  }
  return design::make_assets(source, std::nullopt, {}).assets;
}

TEST(RealIcons, AllBecomeComponents) {
  if (!fs::exists(kArchive)) GTEST_SKIP() << "needs " << kArchive;
  Folder folder;
  auto icons = unpacked(folder.path());
  ASSERT_EQ(icons.size(), 2176U + 271U);

  auto start = std::chrono::steady_clock::now();
  IconExport exported(assets_for(icons), {.output_directory = "icons", .svg_directory = "svg"});
  ASSERT_EQ(exported.assets().size(), icons.size());
  output::FileTree tree;
  auto add = [&](std::vector<File> files) {
    for (auto& [path, file] : files) tree.add(std::move(path), std::move(file));
  };
  for (std::size_t i = 0; i < exported.assets().size(); ++i) {
    const std::string& name = exported.assets()[i].original_name;
    SCOPED_TRACE(name);
    add(exported.render(i, icons.at(name), std::nullopt));
  }
  add(exported.render_index());
  std::cout << "converted in "
            << (std::chrono::steady_clock::now() - start) / std::chrono::milliseconds(1) << " ms\n";

  EXPECT_EQ(tree.files().size(), exported.paths().size());
  for (const auto& [path, file] : tree.files()) {
    if (!path.text().ends_with(".svg")) continue;
    SCOPED_TRACE(path.text());
    EXPECT_NO_THROW(svg::Document::parse(file.content.read(1 << 23)));
  }
  if (const char* keep = std::getenv("GANTRY_KEEP_TSX")) {
    for (const auto& [path, file] : tree.files()) {
      fs::create_directories((fs::path(keep) / path.text()).parent_path());
      write_file_atomically(fs::path(keep) / path.text(), file.content.read(1 << 23));
    }
  }
}

}  // namespace
}  // namespace gantry::exporters::web
