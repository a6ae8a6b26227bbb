#include <cstdio>

#include "gantry/base/hash.hpp"
#include "gantry/output/file_tree.hpp"

int main() {
  gantry::output::FileTree tree;
  tree.add(gantry::RelativePath("a/b.txt"), {gantry::Blob::from_bytes("abc"), ""});
  for (const auto& [path, file] : tree.files()) {
    std::printf("%s %s\n", path.text().c_str(), file.content.digest().hex().c_str());
  }
}
