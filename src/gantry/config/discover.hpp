// Finds configurations on the disk. Both functions block and throw kUsage with a message that names
// the path.
#pragma once

#include <filesystem>
#include <vector>

namespace gantry::config {

// The configurations that `paths` mean, in order: a file stands for itself; a folder for its direct
// children *.yaml and *.yml (in any case, no hidden ones), by file name. A file that is met again,
// also by another path, is left out. kUsage for a missing path or a folder without any.
std::vector<std::filesystem::path> discover(const std::vector<std::filesystem::path>& paths);

// The first of gantry.yaml, exfig.yaml and figma-export.yaml that is a file in `folder`.
std::filesystem::path find_default_config(const std::filesystem::path& folder);

}  // namespace gantry::config
