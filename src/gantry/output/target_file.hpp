// What stands at the place of an output file. No symbolic link is followed; calls block.
#pragma once

#include <optional>
#include <string>

#include "gantry/base/blob.hpp"
#include "gantry/base/hash.hpp"
#include "gantry/base/relative_path.hpp"
#include "gantry/output/directory_tree.hpp"

namespace gantry::output {

enum class Target { kMissing, kSame, kDifferent };

// Compares the file with what it shall hold. kUnsafe for a symbolic link, kConflict for anything
// else that is not a plain file; `shown` names it.
Target compare_target(DirectoryTree& tree, const RelativePath& path, const Blob& content,
                      const std::string& shown);

// The hash of the file; empty where there is none. Errors as above.
std::optional<Digest> hash_target(DirectoryTree& tree, const RelativePath& path,
                                  const std::string& shown);

}  // namespace gantry::output
