// Names of members that every reader of archives unpacks into the same files, and that harm none.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "gantry/base/relative_path.hpp"

namespace gantry::zip {

// A name for each wanted one, in order, as close to it as can be. '/' parts folders.
//
// Parts that are empty, "." or ".." are left out; what Windows forbids, control characters, line
// separators, characters that turn the direction of writing, and bytes that are not UTF-8 become
// '_'; the rest is NFC. Device names get a '_' in front, a dot or space at the end becomes '_'.
// Parts keep 255 bytes with their extension, names 4,096 bytes (the longest path of Linux) with
// their innermost folders. A name without anything left is "unnamed".
//
// No two are the same file on a system that ignores case and Unicode form, and none is the folder
// of another: the later one is numbered, "a (2).xml".
std::vector<RelativePath> archive_names(std::span<const std::string> wanted);

}  // namespace gantry::zip
