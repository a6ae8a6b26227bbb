#include "gantry/config/discover.hpp"

#include <algorithm>
#include <set>
#include <string>
#include <system_error>

#include "gantry/base/error.hpp"

namespace gantry::config {
namespace fs = std::filesystem;
namespace {

bool is_configuration_name(const fs::path& name) {
  std::string extension = name.extension().string();
  for (char& letter : extension) {
    if (letter >= 'A' && letter <= 'Z') letter = static_cast<char>(letter - 'A' + 'a');
  }
  return !name.string().starts_with('.') && (extension == ".yaml" || extension == ".yml");
}

Error unreadable(const fs::path& path, const std::error_code& error) {
  return Error(ErrorCode::kUsage, "cannot read " + path.string() + ": " + error.message());
}

std::vector<fs::path> configurations_in(const fs::path& folder) {
  std::error_code error;
  std::vector<fs::path> found;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end;
       entry.increment(error)) {
    std::error_code ignored;
    if (is_configuration_name(entry->path().filename()) && entry->is_regular_file(ignored)) {
      found.push_back(entry->path());
    }
  }
  if (error) throw unreadable(folder, error);
  if (found.empty()) {
    throw Error(ErrorCode::kUsage,
                "no configuration in " + folder.string() + ", expected *.yaml or *.yml files");
  }
  std::sort(found.begin(), found.end(), [](const fs::path& left, const fs::path& right) {
    return left.filename().native() < right.filename().native();
  });
  return found;
}

}  // namespace

std::vector<fs::path> discover(const std::vector<fs::path>& paths) {
  std::vector<fs::path> result;
  std::set<fs::path> met;
  auto add = [&](const fs::path& path) {
    std::error_code error;
    fs::path canonical = fs::canonical(path, error);
    if (error) throw unreadable(path, error);
    if (met.insert(canonical).second) result.push_back(path);
  };
  for (const fs::path& path : paths) {
    std::error_code error;
    fs::file_status status = fs::status(path, error);
    if (status.type() == fs::file_type::not_found) {
      throw Error(ErrorCode::kUsage, path.string() + " does not exist");
    }
    if (error) throw unreadable(path, error);
    if (!fs::is_directory(status)) {
      add(path);
      continue;
    }
    for (const fs::path& child : configurations_in(path)) add(child);
  }
  return result;
}

fs::path find_default_config(const fs::path& folder) {
  for (const char* name : {"gantry.yaml", "exfig.yaml", "figma-export.yaml"}) {
    std::error_code ignored;
    if (fs::is_regular_file(folder / name, ignored)) return folder / name;
  }
  throw Error(ErrorCode::kUsage, "no gantry.yaml, exfig.yaml or figma-export.yaml in " +
                                     folder.string() + ", name a configuration with -i FILE");
}

}  // namespace gantry::config
