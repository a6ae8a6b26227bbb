#include "gantry/output/file_tree.hpp"

#include <utility>

#include "gantry/base/error.hpp"

namespace gantry::output {

void FileTree::add(RelativePath path, OutputFile file) {
  auto [taken, fresh] = taken_.emplace(path.collision_key(), path);
  if (!fresh) {
    throw Error(ErrorCode::kConflict,
                "two files want the path '" + path.text() + "'" +
                    (taken->second == path ? std::string()
                                           : " (the other is '" + taken->second.text() + "')"));
  }
  files_.emplace(std::move(path), std::move(file));
}

}  // namespace gantry::output
