// A temporary folder for tests of the file system, and what it holds as a value.
#pragma once

#include <filesystem>
#include <map>
#include <stdexcept>
#include <string>

#include <stdlib.h>

#include "gantry/base/files.hpp"

namespace gantry::output {

class TestFolder {
 public:
  explicit TestFolder(
      const std::filesystem::path& parent = std::filesystem::temp_directory_path()) {
    std::string name = (parent / "gantry-test-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary folder");
    path_ = std::filesystem::canonical(name);
  }
  ~TestFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TestFolder(const TestFolder&) = delete;
  TestFolder& operator=(const TestFolder&) = delete;

  std::filesystem::path operator/(const std::string& relative) const { return path_ / relative; }
  const std::filesystem::path& path() const { return path_; }

  void write(const std::string& relative, std::string_view text) const {
    std::filesystem::create_directories((path_ / relative).parent_path());
    write_file_atomically(path_ / relative, text);
  }
  std::string read(const std::string& relative) const { return read_file(path_ / relative); }

  // Path -> bytes of every file, "/" for every folder.
  std::map<std::string, std::string> contents() const {
    std::map<std::string, std::string> found;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(path_)) {
      found[entry.path().lexically_relative(path_).string()] =
          entry.is_directory() ? "/" : read_file(entry.path());
    }
    return found;
  }

 private:
  std::filesystem::path path_;
};

}  // namespace gantry::output
