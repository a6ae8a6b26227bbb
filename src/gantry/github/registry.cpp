#include "gantry/github/registry.hpp"

#include <algorithm>
#include <set>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "gantry/base/text_case.hpp"

namespace gantry::github {
namespace {

namespace json = boost::json;

constexpr std::size_t kLargestRegistriesFile = 1UL << 20;
constexpr std::size_t kMostRegistries = 100;
constexpr std::size_t kMostPatterns = 16;
constexpr std::size_t kLongestName = 100;
constexpr std::size_t kLongestPattern = 500;
constexpr std::string_view kName = "{name}";
constexpr std::string_view kPascalName = "{Name}";

bool is_alphanumeric(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool is_word(std::string_view text, std::string_view further) {
  return !text.empty() && text.size() <= kLongestName &&
         std::all_of(text.begin(), text.end(), [further](char c) {
           return is_alphanumeric(c) || further.find(c) != std::string_view::npos;
         });
}

void replace_all(std::string& text, std::string_view what, const std::string& with) {
  for (std::size_t at = text.find(what); at != std::string::npos;
       at = text.find(what, at + with.size())) {
    text.replace(at, what.size(), with);
  }
}

std::string ui_of(const std::string& root, std::string_view rest) {
  return fmt::format("{}/{}", root, rest);
}

// Reads one member after another of a registry in a file, and says what is wrong where.
class RegistryReader {
 public:
  RegistryReader(const std::string& file, std::size_t number)
      : where_(fmt::format("{}: registry {}", file, number)) {}

  Registry read(const json::value& value) const {
    if (!value.is_object()) throw wrong("it is no object");
    const json::object& object = value.get_object();
    for (const auto& member : object) check_key(member.key());
    Registry registry;
    registry.framework = text(object, "framework", true);
    if (!is_word(registry.framework, "-_.")) {
      throw wrong("'framework' is a name of letters, digits, '-', '_' and '.'");
    }
    registry.repository = {text(object, "owner", true), text(object, "repo", true),
                           text(object, "branch", false)};
    if (registry.repository.branch.empty()) registry.repository.branch = "main";
    registry.components = patterns(object, "components");
    if (registry.components.empty()) throw wrong("'components' is missing");
    registry.demos = patterns(object, "demos");
    registry.blocks = text(object, "blocks", false);
    registry.metadata = text(object, "metadata", false);
    registry.style = text(object, "style", false);
    try {
      check(registry.repository);
      check_path(registry.blocks);
      check_path(registry.metadata);
    } catch (const Error& error) {
      throw wrong(error.message());
    }
    return registry;
  }

 private:
  Error wrong(const std::string& what) const {
    return Error(ErrorCode::kInvalidConfig, where_ + ": " + what);
  }

  void check_key(std::string_view key) const {
    constexpr std::string_view kKeys[] = {"framework", "owner",  "repo",     "branch", "components",
                                          "demos",     "blocks", "metadata", "style"};
    if (std::find(std::begin(kKeys), std::end(kKeys), key) == std::end(kKeys)) {
      throw wrong(fmt::format("there is no key '{}'", key.substr(0, kLongestName)));
    }
  }

  std::string text(const json::object& object, const char* key, bool is_required) const {
    const json::value* value = object.if_contains(key);
    if (value == nullptr) {
      if (is_required) throw wrong(fmt::format("'{}' is missing", key));
      return {};
    }
    if (!value->is_string()) throw wrong(fmt::format("'{}' is no text", key));
    return std::string(value->get_string());
  }

  std::vector<std::string> patterns(const json::object& object, const char* key) const {
    const json::value* value = object.if_contains(key);
    std::vector<std::string> patterns;
    if (value == nullptr) return patterns;
    bool is_list = value->is_array() && value->get_array().size() <= kMostPatterns;
    if (!is_list) throw wrong(fmt::format("'{}' is no list of up to 16 paths", key));
    for (const json::value& item : value->get_array()) {
      std::string pattern = item.is_string() ? std::string(item.get_string()) : std::string();
      bool is_good = pattern.find(kName) != std::string::npos ||
                     pattern.find(kPascalName) != std::string::npos;
      if (!is_good) throw wrong(fmt::format("'{}' holds what is no path with {{name}} in it", key));
      try {
        check_path(path_of(pattern, "x"));
      } catch (const Error& error) {
        throw wrong(error.message());
      }
      patterns.push_back(std::move(pattern));
    }
    return patterns;
  }

  std::string where_;
};

}  // namespace

std::string Repository::text() const { return fmt::format("{}/{}@{}", owner, name, branch); }

const std::vector<Registry>& built_in_registries() {
  static const std::vector<Registry> kRegistries = [] {
    const std::string react = "apps/v4/registry/new-york-v4";
    const std::string base = "apps/v4/registry/bases/base";
    const std::string svelte = "docs/src/lib/registry";
    const std::string native = "packages/registry/src/new-york/components/ui";
    const Repository shadcn{"shadcn-ui", "ui", "main"};
    return std::vector<Registry>{
        {"react",
         shadcn,
         {ui_of(react, "ui/{name}.tsx")},
         {ui_of(react, "examples/{name}-demo.tsx")},
         ui_of(react, "blocks"),
         "apps/v4/registry/registry-ui.ts",
         ""},
        {"react-base",
         shadcn,
         {ui_of(base, "ui/{name}.tsx")},
         {ui_of(base, "examples/{name}-example.tsx")},
         ui_of(react, "blocks"),
         ui_of(base, "ui/_registry.ts"),
         ""},
        {"svelte",
         {"huntabyte", "shadcn-svelte", "main"},
         {ui_of(svelte, "ui/{name}/{name}.svelte")},
         {ui_of(svelte, "examples/{name}-demo.svelte")},
         ui_of(svelte, "blocks"),
         "docs/registry.json",
         ""},
        {"vue",
         {"unovue", "shadcn-vue", "dev"},
         {ui_of(react, "ui/{name}/{Name}.vue"), ui_of(react, "ui/{name}/index.ts")},
         {"apps/v4/components/{Name}Demo.vue"},
         ui_of(react, "blocks"),
         "apps/v4/__registry__/index.ts",
         "new-york-v4"},
        {"react-native",
         {"founded-labs", "react-native-reusables", "main"},
         {ui_of(native, "{name}.tsx")},
         {},
         "",
         "apps/docs/registry/new-york.json",
         ""}};
  }();
  return kRegistries;
}

std::vector<Registry> parse_registries(std::string_view text, const std::string& file) {
  if (text.size() > kLargestRegistriesFile) {
    throw Error(ErrorCode::kTooLarge, file + ": more than 1 MiB of registries");
  }
  json::error_code failure;
  json::value document = json::parse(text, failure);
  if (failure) {
    throw Error(ErrorCode::kInvalidConfig, fmt::format("{}: no JSON: {}", file, failure.message()));
  }
  const json::value* list =
      document.is_object() ? document.get_object().if_contains("registries") : nullptr;
  if (list == nullptr || !list->is_array()) {
    throw Error(ErrorCode::kInvalidConfig, file + ": there is no list 'registries'");
  }
  if (list->get_array().size() > kMostRegistries) {
    throw Error(ErrorCode::kTooLarge, file + ": more than 100 registries");
  }
  std::vector<Registry> registries;
  std::set<std::string> names;
  for (const Registry& registry : built_in_registries()) names.insert(registry.framework);
  for (const json::value& value : list->get_array()) {
    registries.push_back(RegistryReader(file, registries.size() + 1).read(value));
    const std::string& name = registries.back().framework;
    if (names.insert(name).second) continue;
    throw Error(
        ErrorCode::kInvalidConfig,
        fmt::format("{}: there is a registry '{}' already: choose another name", file, name));
  }
  return registries;
}

std::string checked_name(std::string_view name) {
  bool is_good = is_word(name, "-_.") && is_alphanumeric(name.front());
  if (!is_good) {
    throw Error(ErrorCode::kUsage,
                fmt::format("'{}' is no name of a component: 1 to 100 letters, digits, '-', '_' "
                            "and '.', the first a letter or digit",
                            name.substr(0, kLongestName)));
  }
  std::string lower(name);
  std::transform(lower.begin(), lower.end(), lower.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return lower;
}

void check(const Repository& repository) {
  const std::string& branch = repository.branch;
  bool is_good = is_word(repository.owner, "-_") && is_word(repository.name, "-_.") &&
                 is_word(branch, "-_./") && !repository.name.starts_with('.') &&
                 !branch.starts_with('/') && !branch.ends_with('/') &&
                 branch.find("..") == std::string::npos && branch.find("//") == std::string::npos;
  if (!is_good) {
    throw Error(ErrorCode::kUsage,
                fmt::format("'{}' is no repository of GitHub: give owner, repository and branch as "
                            "its address has them",
                            repository.text().substr(0, kLongestPattern)));
  }
}

void check_path(std::string_view path) {
  if (path.empty()) return;
  bool is_good = path.size() <= kLongestPattern;
  for (std::size_t from = 0; is_good && from <= path.size();) {
    std::size_t end = std::min(path.find('/', from), path.size());
    std::string_view segment = path.substr(from, end - from);
    is_good = !segment.empty() && segment != "." && segment != ".." &&
              std::all_of(segment.begin(), segment.end(), [](char c) {
                return static_cast<unsigned char>(c) >= ' ' && c != '\x7f';
              });
    from = end + 1;
  }
  if (is_good) return;
  throw Error(ErrorCode::kUnsafe,
              fmt::format("'{}' is no path of a repository: folders and a name with '/' between "
                          "them, 500 characters at most",
                          path.substr(0, kLongestName)));
}

std::string path_of(std::string_view pattern, std::string_view name) {
  std::string path(pattern);
  replace_all(path, kName, std::string(name));
  if (path.find(kPascalName) != std::string::npos) {
    replace_all(path, kPascalName, to_style(name, NameStyle::kPascalCase));
  }
  return path;
}

std::optional<std::string> name_of(std::string_view pattern, std::string_view path) {
  std::size_t at = pattern.find(kName);
  if (at == std::string_view::npos || !path.starts_with(pattern.substr(0, at))) {
    return std::nullopt;
  }
  std::string_view rest = pattern.substr(at + kName.size());
  std::size_t end = rest.empty() ? path.size() : path.find(rest.front(), at);
  // The name may itself hold the character that follows it, as in "a.b.tsx".
  if (rest.find('{') == std::string_view::npos && rest.find('/') == std::string_view::npos) {
    if (!path.ends_with(rest)) return std::nullopt;
    end = path.size() - rest.size();
  }
  if (end == std::string_view::npos || end <= at) return std::nullopt;
  std::string name(path.substr(at, end - at));
  bool is_name = is_word(name, "-_.") && is_alphanumeric(name.front());
  if (!is_name || path_of(pattern, name) != path) return std::nullopt;
  return name;
}

}  // namespace gantry::github
