#include "gantry/github/answers.hpp"

#include <algorithm>
#include <map>
#include <set>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "gantry/base/pretty_json.hpp"

namespace gantry::github {
namespace {

namespace json = boost::json;

constexpr std::size_t kMostFilesOfABlock = 200;
constexpr const char* kOtherBlocks = "other";

using Names = std::set<std::string, std::less<>>;

json::array array_of(const Names& names) {
  json::array array;
  for (const std::string& name : names) array.emplace_back(name);
  return array;
}

std::string_view last_segment(std::string_view path) {
  std::size_t slash = path.rfind('/');
  return slash == std::string_view::npos ? path : path.substr(slash + 1);
}

// "login-01.tsx" is the block login-01.
std::string_view without_extension(std::string_view file) { return file.substr(0, file.find('.')); }

// In this order: the first that a name holds is its category.
struct Category {
  const char* name;
  std::vector<std::string_view> words;
};
const std::vector<Category>& categories() {
  static const std::vector<Category> kCategories = {{"calendar", {"calendar"}},
                                                    {"dashboard", {"dashboard"}},
                                                    {"login", {"login", "signin"}},
                                                    {"sidebar", {"sidebar"}},
                                                    {"products", {"products", "ecommerce"}},
                                                    {"authentication", {"auth"}},
                                                    {"charts", {"chart", "graph"}},
                                                    {"mail", {"mail", "email"}},
                                                    {"music", {"music", "player"}}};
  return kCategories;
}

std::string category_of(std::string_view name) {
  for (const Category& category : categories()) {
    for (std::string_view word : category.words) {
      if (name.find(word) != std::string_view::npos) return category.name;
    }
  }
  return kOtherBlocks;
}

json::array category_names() {
  json::array names;
  for (const Category& category : categories()) names.emplace_back(category.name);
  names.emplace_back(kOtherBlocks);
  return names;
}

// What stands directly in the folder: its blocks, by name. Files that begin with '_' are the
// registry's own.
std::map<std::string, const TreeEntry*> blocks_of(const Registry& registry, const Tree& tree) {
  std::map<std::string, const TreeEntry*> blocks;
  if (registry.blocks.empty()) return blocks;
  for (const TreeEntry* entry : tree.below(registry.blocks)) {
    std::string_view rest = std::string_view(entry->path).substr(registry.blocks.size() + 1);
    bool is_block = rest.find('/') == std::string_view::npos && !rest.starts_with('_') &&
                    !rest.starts_with('.') && !rest.starts_with("index.");
    if (!is_block) continue;
    std::string name(entry->is_folder ? rest : without_extension(rest));
    // A folder counts before a file of the same name.
    auto [at, is_new] = blocks.try_emplace(std::move(name), entry);
    if (!is_new && entry->is_folder) at->second = entry;
  }
  return blocks;
}

json::object describe(const std::string& name, const TreeEntry& entry) {
  return {{"name", name}, {"type", entry.is_folder ? "directory" : "file"}, {"path", entry.path}};
}

struct Uses {
  Names packages;
  Names components;
};

void add_use(std::string_view module, Uses& uses) {
  if (std::size_t ui = module.rfind("/ui/"); ui != std::string_view::npos) {
    std::string_view component = module.substr(ui + 4);
    component = component.substr(0, component.find('/'));
    component = without_extension(component);
    if (!component.empty()) uses.components.emplace(component);
    return;
  }
  bool is_own = module.empty() || module.starts_with('.') || module.starts_with('/') ||
                module.starts_with("@/") || module.starts_with("~/") || module.starts_with("$");
  if (is_own) return;
  // "@scope/package/part" and "package/part" are of the package.
  std::size_t end = module.find('/');
  if (module.starts_with('@') && end != std::string_view::npos) end = module.find('/', end + 1);
  uses.packages.emplace(module.substr(0, end));
}

// What a source imports: `from "x"`, `import "x"`.
Uses uses_of(std::string_view source) {
  Uses uses;
  for (std::string_view word : {std::string_view("from"), std::string_view("import")}) {
    for (std::size_t at = source.find(word); at != std::string_view::npos;
         at = source.find(word, at + word.size())) {
      std::size_t quote = source.find_first_not_of(" \t\r\n", at + word.size());
      if (quote == std::string_view::npos) break;
      char mark = source[quote];
      if (mark != '"' && mark != '\'') continue;
      std::size_t end = source.find_first_of("\"'\n", quote + 1);
      if (end == std::string_view::npos || source[end] != mark) continue;
      add_use(source.substr(quote + 1, end - quote - 1), uses);
    }
  }
  return uses;
}

std::size_t lines_of(std::string_view text) {
  auto breaks = static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
  return breaks + (text.empty() || text.ends_with('\n') ? 0 : 1);
}

// `export const description = "..."` of a block's source.
std::string description_of(std::string_view source, std::string_view name) {
  constexpr std::string_view kMark = "export const description =";
  std::size_t at = source.find(kMark);
  if (at != std::string_view::npos) {
    std::size_t begin = source.find_first_not_of(" \t\r\n", at + kMark.size());
    if (begin != std::string_view::npos && (source[begin] == '"' || source[begin] == '\'')) {
      std::size_t end = source.find(source[begin], begin + 1);
      if (end != std::string_view::npos) {
        return std::string(source.substr(begin + 1, std::min<std::size_t>(end - begin - 1, 500)));
      }
    }
  }
  return fmt::format("The block {}", name);
}

std::string usage_of(std::string_view name, const Uses& uses) {
  std::string usage = fmt::format("Copy {} into your project", name);
  if (!uses.components.empty()) {
    usage += fmt::format(", with the components {}", fmt::join(uses.components, ", "));
  }
  return usage;
}

json::object file_json(const SourceFile& file) {
  Uses uses = uses_of(file.content);
  return {{"path", file.path},
          {"content", file.content},
          {"size", file.content.size()},
          {"lines", lines_of(file.content)},
          {"description", description_of(file.content, last_segment(file.path))},
          {"dependencies", array_of(uses.packages)},
          {"componentsUsed", array_of(uses.components)}};
}

bool is_of_components(std::string_view relative_path) {
  return relative_path.starts_with("components/");
}

std::string simple_block_json(std::string_view name, const SourceFile& file) {
  Uses uses = uses_of(file.content);
  return pretty_json(json::object{{"name", name},
                                  {"type", "simple"},
                                  {"description", description_of(file.content, name)},
                                  {"code", file.content},
                                  {"dependencies", array_of(uses.packages)},
                                  {"componentsUsed", array_of(uses.components)},
                                  {"size", file.content.size()},
                                  {"lines", lines_of(file.content)},
                                  {"usage", usage_of(name, uses)}});
}

json::object file_node(const Repository& repository, const TreeEntry& entry,
                       const std::string& raw_url) {
  return {{"path", entry.path},
          {"type", "file"},
          {"name", last_segment(entry.path)},
          {"url", fmt::format("{}/{}/{}/{}/{}", raw_url, repository.owner, repository.name,
                              repository.branch, entry.path)},
          {"sha", entry.sha},
          {"size", entry.size}};
}

}  // namespace

std::vector<std::string> component_names(const Registry& registry, const Tree& tree) {
  Names names;
  for (const std::string& pattern : registry.components) {
    std::string_view prefix(pattern);
    prefix = prefix.substr(0, prefix.find('{'));
    if (prefix.ends_with('/')) prefix.remove_suffix(1);
    bool is_whole_folder = !prefix.empty() && pattern[prefix.size()] == '/';
    for (const TreeEntry* entry : tree.below(is_whole_folder ? prefix : std::string_view())) {
      if (entry->is_folder) continue;
      if (auto name = name_of(pattern, entry->path)) names.insert(std::move(*name));
    }
  }
  return {names.begin(), names.end()};
}

const TreeEntry* find_by(const std::vector<std::string>& patterns, const Tree& tree,
                         std::string_view name) {
  for (const std::string& pattern : patterns) {
    if (const TreeEntry* entry = tree.find_file(path_of(pattern, name))) return entry;
  }
  return nullptr;
}

std::string component_list_json(const Registry& registry, const Tree& tree) {
  json::array list;
  for (const std::string& name : component_names(registry, tree)) list.emplace_back(name);
  std::size_t total = list.size();
  return pretty_json(json::object{{"components", std::move(list)}, {"total", total}});
}

std::string block_list_json(const Registry& registry, const Tree& tree,
                            const std::optional<std::string>& category) {
  std::map<std::string, json::array> by_category;
  for (const json::value& name : category_names()) by_category[std::string(name.get_string())];
  std::size_t total = 0;
  for (const auto& [name, entry] : blocks_of(registry, tree)) {
    by_category[category_of(name)].push_back(describe(name, *entry));
    ++total;
  }
  if (!category) {
    json::object all;
    json::array available;
    for (const json::value& name : category_names()) {
      json::array& blocks = by_category[std::string(name.get_string())];
      if (!blocks.empty()) available.push_back(name);
      all[name.get_string()] = std::move(blocks);
    }
    return pretty_json(json::object{{"categories", std::move(all)},
                                    {"totalBlocks", total},
                                    {"availableCategories", std::move(available)}});
  }
  auto found = by_category.find(*category);
  if (found == by_category.end()) {
    throw Error(ErrorCode::kNotFound,
                fmt::format("there is no category '{}' of blocks: choose one of {}", *category,
                            json::serialize(category_names())));
  }
  std::size_t count = found->second.size();
  return pretty_json(json::object{
      {"category", *category}, {"blocks", std::move(found->second)}, {"total", count}});
}

std::string directory_json(const Repository& repository, const Tree& tree, std::string_view path,
                           const std::string& raw_url) {
  if (const TreeEntry* file = tree.find_file(path)) {
    return pretty_json(file_node(repository, *file, raw_url));
  }
  std::vector<const TreeEntry*> entries = tree.below(path);
  if (entries.empty() && tree.find(path) == nullptr && !path.empty()) {
    throw Error(ErrorCode::kNotFound, fmt::format("{} has no path '{}'", repository.text(), path));
  }
  json::object root{{"path", path}, {"type", "directory"}, {"children", json::object()}};
  for (const TreeEntry* entry : entries) {
    json::object* folder = &root.at("children").as_object();
    std::string_view rest(entry->path);
    if (!path.empty()) rest.remove_prefix(path.size() + 1);
    // A folder need not have an entry of its own.
    for (std::size_t slash = rest.find('/'); slash != std::string_view::npos;
         slash = rest.find('/')) {
      auto end = static_cast<std::size_t>(rest.data() + slash - entry->path.data());
      json::value& child = (*folder)[rest.substr(0, slash)];
      if (!child.is_object() || !child.get_object().contains("children")) {
        child = json::object{{"path", entry->path.substr(0, end)},
                             {"type", "directory"},
                             {"children", json::object()}};
      }
      folder = &child.get_object().at("children").as_object();
      rest.remove_prefix(slash + 1);
    }
    if (!entry->is_folder) {
      (*folder)[rest] = file_node(repository, *entry, raw_url);
    } else if (!folder->contains(rest)) {
      (*folder)[rest] =
          json::object{{"path", entry->path}, {"type", "directory"}, {"children", json::object()}};
    }
  }
  return pretty_json(root);
}

std::optional<BlockFiles> find_block(const Registry& registry, const Tree& tree,
                                     std::string_view name, bool include_components) {
  auto blocks = blocks_of(registry, tree);
  auto found = blocks.find(std::string(name));
  if (found == blocks.end()) {
    found = std::find_if(blocks.begin(), blocks.end(), [name](const auto& block) {
      return std::equal(
          block.first.begin(), block.first.end(), name.begin(), name.end(),
          [](char a, char b) { return (a >= 'A' && a <= 'Z' ? a - 'A' + 'a' : a) == b; });
    });
  }
  if (found == blocks.end()) return std::nullopt;
  const TreeEntry& entry = *found->second;
  BlockFiles block;
  block.is_simple = !entry.is_folder;
  if (block.is_simple) {
    block.files.push_back(&entry);
    return block;
  }
  for (const TreeEntry* file : tree.below(entry.path)) {
    std::string_view rest = std::string_view(file->path).substr(entry.path.size() + 1);
    if (file->is_folder || (!include_components && is_of_components(rest))) continue;
    block.files.push_back(file);
  }
  if (block.files.size() > kMostFilesOfABlock) {
    throw Error(ErrorCode::kTooLarge, fmt::format("the block {} has more than 200 files", name));
  }
  return block;
}

std::string block_json(const Registry& registry, std::string_view name, bool is_simple,
                       bool include_components, const std::vector<SourceFile>& files) {
  if (is_simple) return simple_block_json(name, files.front());
  json::object own;
  json::object components;
  json::array structure;
  Uses all;
  const SourceFile* page = nullptr;
  for (const SourceFile& file : files) {
    std::string_view rest = std::string_view(file.path).substr(registry.blocks.size() + 1);
    rest.remove_prefix(std::min(rest.size(), rest.find('/') + 1));
    structure.emplace_back(rest);
    Uses uses = uses_of(file.content);
    all.packages.insert(uses.packages.begin(), uses.packages.end());
    all.components.insert(uses.components.begin(), uses.components.end());
    if (rest.starts_with("page.")) page = &file;
    if (is_of_components(rest)) {
      components[rest.substr(std::string_view("components/").size())] = file_json(file);
    } else {
      own[rest] = file_json(file);
    }
  }
  json::object block{{"name", name},
                     {"type", "complex"},
                     {"description", page == nullptr ? description_of("", name)
                                                     : description_of(page->content, name)}};
  if (page != nullptr) block["code"] = page->content;
  block["files"] = std::move(own);
  if (include_components) block["components"] = std::move(components);
  block["structure"] = std::move(structure);
  block["totalFiles"] = files.size();
  block["dependencies"] = array_of(all.packages);
  block["componentsUsed"] = array_of(all.components);
  block["usage"] = usage_of(name, all);
  return pretty_json(block);
}

}  // namespace gantry::github
