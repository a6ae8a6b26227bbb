#include "testing/files.hpp"

#include <cerrno>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <sstream>
#include <stdexcept>
#include <system_error>
#include <vector>

#include <sys/stat.h>

#include "testing/data.hpp"

namespace gantry::testing {

namespace fs = std::filesystem;

TemporaryFolder::TemporaryFolder() {
  std::string pattern = (fs::temp_directory_path() / "gantry-test-XXXXXX").string();
  if (mkdtemp(pattern.data()) == nullptr) {
    throw std::runtime_error("cannot create a folder like " + pattern);
  }
  path_ = pattern;
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

std::string read_text(const fs::path& file) {
  std::ifstream stream(file, std::ios::binary);
  if (!stream) throw std::runtime_error("cannot read " + file.string());
  return {std::istreambuf_iterator<char>(stream), {}};
}

void write_text(const fs::path& file, std::string_view text) {
  if (file.has_parent_path()) fs::create_directories(file.parent_path());
  std::ofstream stream(file, std::ios::binary | std::ios::trunc);
  stream.write(text.data(), static_cast<std::streamsize>(text.size()));
  stream.close();
  if (!stream) throw std::runtime_error("cannot write " + file.string());
}

Tree tree_of(const fs::path& folder) {
  Tree tree;
  if (!fs::exists(folder)) return tree;
  for (const fs::directory_entry& entry : fs::recursive_directory_iterator(folder)) {
    const std::string name = entry.path().lexically_relative(folder).generic_string();
    if (entry.is_symlink()) {
      tree[name] = "-> " + fs::read_symlink(entry.path()).string();
    } else if (entry.is_directory()) {
      if (fs::is_empty(entry.path())) tree[name + "/"] = "";
    } else {
      tree[name] = read_text(entry.path());
    }
  }
  return tree;
}

std::map<std::string, std::string> identities_of(const fs::path& folder) {
  std::map<std::string, std::string> identities;
  for (const auto& [name, bytes] : tree_of(folder)) {
    struct stat status {};
    if (lstat((folder / name).c_str(), &status) != 0) {
      throw std::system_error(errno, std::generic_category(), "cannot look at " + name);
    }
    std::ostringstream text;
    text << status.st_ino << " " << status.st_mtim.tv_sec << "." << status.st_mtim.tv_nsec;
    identities[name] = text.str();
  }
  return identities;
}

::testing::AssertionResult same_tree(const Tree& expected, const Tree& actual) {
  std::vector<std::string> differences;
  for (const auto& [name, bytes] : expected) {
    const auto found = actual.find(name);
    if (found == actual.end()) {
      differences.push_back("missing: " + name);
    } else if (found->second != bytes) {
      differences.push_back("differs: " + name + " (" + std::to_string(bytes.size()) +
                            " bytes expected, " + std::to_string(found->second.size()) + " found)");
    }
  }
  for (const auto& [name, bytes] : actual) {
    if (!expected.contains(name)) differences.push_back("not expected: " + name);
  }
  if (differences.empty()) return ::testing::AssertionSuccess();
  ::testing::AssertionResult failure = ::testing::AssertionFailure();
  failure << differences.size() << " differences between " << expected.size() << " and "
          << actual.size() << " files";
  constexpr std::size_t kShown = 8;
  for (std::size_t i = 0; i < differences.size() && i < kShown; ++i) {
    failure << "\n  " << differences[i];
  }
  return failure;
}

::testing::AssertionResult matches_golden(const fs::path& golden, std::string_view actual) {
  const fs::path file = source_folder() / golden;
  if (std::getenv("GANTRY_UPDATE_GOLDEN") != nullptr) {
    write_text(file, actual);
    return ::testing::AssertionSuccess();
  }
  const std::string expected = fs::exists(file) ? read_text(file) : std::string();
  if (expected == actual) return ::testing::AssertionSuccess();
  return ::testing::AssertionFailure()
         << golden << " differs (GANTRY_UPDATE_GOLDEN=1 accepts what there is now)\nexpected:\n"
         << expected << "\nactual:\n"
         << actual;
}

}  // namespace gantry::testing
