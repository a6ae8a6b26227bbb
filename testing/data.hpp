// Where tests find the source folder, the built programs and data that is not part of the project.
#pragma once

#include <filesystem>
#include <optional>

namespace gantry::testing {

const std::filesystem::path& source_folder();

// The programs as this build made them. Throws if the build has none.
std::filesystem::path gantry_program();
std::filesystem::path sandbox_program();

// Real-world data: $GANTRY_TEST_DATA, else ../shared/data beside the source folder; empty where
// there is none, and then the test is to be skipped with a message.
std::optional<std::filesystem::path> shared_data();

// Unpacks `<name>.xz` of the shared data into `target`, a file, or `<name>.tar.xz` into a folder.
void unpack_xz(const std::filesystem::path& archive, const std::filesystem::path& target);

}  // namespace gantry::testing
