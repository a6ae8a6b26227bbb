#include "testing/data.hpp"

#include <cstdlib>
#include <stdexcept>

#include "testing/files.hpp"
#include "testing/process.hpp"

namespace gantry::testing {

namespace fs = std::filesystem;

const fs::path& source_folder() {
  static const fs::path folder = GANTRY_SOURCE_FOLDER;
  return folder;
}

fs::path gantry_program() {
#ifdef GANTRY_PROGRAM
  return GANTRY_PROGRAM;
#else
  throw std::runtime_error("this build has no target gantry");
#endif
}

fs::path sandbox_program() {
#ifdef GANTRY_SANDBOX_PROGRAM
  return GANTRY_SANDBOX_PROGRAM;
#else
  throw std::runtime_error("this build has no target gantry-sandbox");
#endif
}

std::optional<fs::path> shared_data() {
  const char* configured = std::getenv("GANTRY_TEST_DATA");
  fs::path folder = configured != nullptr ? fs::path(configured)
                                          : source_folder().parent_path() / "shared" / "data";
  if (!fs::is_directory(folder)) return std::nullopt;
  return folder;
}

void unpack_xz(const fs::path& archive, const fs::path& target) {
  const bool is_tar = archive.stem().extension() == ".tar";
  const ProcessResult result =
      is_tar
          ? run({.program = "tar", .arguments = {"-xJf", archive.string(), "-C", target.string()}})
          : run({.program = "xz", .arguments = {"-dc", archive.string()}});
  if (result.exit_code != 0) {
    throw std::runtime_error("cannot unpack " + archive.string() + ": " + result.err);
  }
  if (!is_tar) write_text(target, result.out);
}

}  // namespace gantry::testing
