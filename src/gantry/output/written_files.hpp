// Whether the files that a job has written still stand as it left them, as gantry.lock lists them.
// Both functions block for the disk and change nothing.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "gantry/base/hash.hpp"
#include "gantry/output/lock_file.hpp"

namespace gantry::output {

// Of the paths, sizes and times of change of all files that are listed for `job`: while it is the
// same, so are they. Nothing if a file is missing or no plain file, or none is listed. `folder` is
// that of the lock file.
std::optional<Digest> stamp_of(const LockFile& lock, const std::string& job,
                               const std::filesystem::path& folder);

// Whether all of them hold the bytes that are listed: slower, and right for a fresh checkout too.
bool are_intact(const LockFile& lock, const std::string& job, const std::filesystem::path& folder);

}  // namespace gantry::output
