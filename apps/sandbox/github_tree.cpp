#include "apps/sandbox/github_tree.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>
#include <openssl/evp.h>

namespace gantry::sandbox {
namespace {

namespace json = boost::json;

std::vector<std::string> component_names(int count) {
  std::vector<std::string> names = {"button", "card", "alert-dialog", "input", "badge"};
  names.resize(std::min<std::size_t>(names.size(), static_cast<std::size_t>(count)));
  while (static_cast<int>(names.size()) < count) {
    names.push_back(fmt::format("part-{:04}", names.size()));
  }
  return names;
}

std::string pascal(std::string_view name) {
  std::string result;
  bool begins = true;
  for (const char c : name) {
    if (c == '-') {
      begins = true;
      continue;
    }
    result += begins && c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    begins = false;
  }
  return result;
}

std::string source_of(std::string_view kind, std::string_view name, bool is_changed) {
  return fmt::format(
      "import * as React from \"react\"\nimport {{ Slot }} from \"@radix-ui/react-slot\"\n"
      "import {{ cn }} from \"@/lib/utils\"\n\n// {} {}{}\nexport function {}() {{}}\n",
      kind, name, is_changed ? ", second edition" : "", pascal(name));
}

std::string items_json(std::string_view kind, const std::vector<std::string>& names) {
  json::array items;
  for (const auto& name : names) {
    items.push_back(
        {{"name", name},
         {"type", "registry:ui"},
         {"dependencies", {"@radix-ui/react-slot"}},
         {"registryDependencies", {"utils"}},
         {"files", {{{"path", fmt::format("{}/{}", kind, name)}, {"type", "registry:ui"}}}}});
  }
  return json::serialize(json::object{{"name", "shadcn"}, {"items", std::move(items)}});
}

std::string items_typescript(const std::vector<std::string>& names) {
  std::string text =
      "import { type Registry } from \"shadcn/schema\"\n\n"
      "// The parts: [\"not\", \"these\"]\nexport const ui: Registry[\"items\"] = [\n";
  for (const auto& name : names) {
    text += fmt::format(
        "  {{\n    name: \"{}\",\n    type: \"registry:ui\",\n"
        "    dependencies: [\"@radix-ui/react-slot\"],\n    registryDependencies: ['utils'],\n"
        "    files: [{{ path: \"ui/{}.tsx\", type: \"registry:ui\" }}],\n  }},\n",
        name, name);
  }
  return text + "]\n";
}

std::string items_index(const std::vector<std::string>& names) {
  std::string text =
      "export const Index: Record<string, Record<string, any>> = {\n"
      "  \"default\": {},\n  \"new-york-v4\": {\n";
  for (const auto& name : names) {
    text += fmt::format(
        "    \"{}\": {{\n      name: \"{}\", type: \"registry:ui\",\n"
        "      registryDependencies: [\"utils\"],\n      files: [\"ui/{}/{}.vue\"],\n"
        "      component: () => import(\"@/ui/{}.vue\").then((m) => m.default),\n"
        "      source: undefined,\n    }},\n",
        name, name, name, pascal(name), name);
  }
  return text + "  },\n}\n";
}

using FilesByPath = std::map<std::string, std::string>;

void add_blocks(FilesByPath& files, const std::string& folder, const std::string& extension) {
  const std::string uses =
      "import { Button } from \"@/registry/new-york-v4/ui/button\"\n"
      "import { Area } from \"recharts\"\nexport const description = \"A block\"\n";
  files[folder + "/chart-area" + extension] = uses + "// a chart\n";
  files[folder + "/login-01/page" + extension] = uses + "// a page\n";
  files[folder + "/login-01/components/login-form" + extension] = uses + "// a form\n";
  files[folder + "/dashboard-01/page" + extension] = uses + "// a dashboard\n";
  files[folder + "/dashboard-01/data.json"] = "[]\n";
}

void add_common(FilesByPath& files) {
  files["README.md"] = "# A registry\n";
  files["package.json"] = "{}\n";
}

GitRepository shadcn(const std::vector<std::string>& names, int changed) {
  GitRepository repository{.branch = "main", .files = {}};
  FilesByPath& files = repository.files;
  add_common(files);
  const std::string radix = "apps/v4/registry/new-york-v4";
  const std::string base = "apps/v4/registry/bases/base";
  for (std::size_t i = 0; i < names.size(); ++i) {
    const auto& name = names[i];
    const bool is_changed = static_cast<int>(i) < changed;
    files[radix + "/ui/" + name + ".tsx"] = source_of("react", name, is_changed);
    files[radix + "/examples/" + name + "-demo.tsx"] = source_of("demo of", name, is_changed);
    files[base + "/ui/" + name + ".tsx"] = source_of("react-base", name, is_changed);
    files[base + "/examples/" + name + "-example.tsx"] = source_of("example of", name, is_changed);
  }
  add_blocks(files, radix + "/blocks", ".tsx");
  files["apps/v4/registry/registry-ui.ts"] = items_typescript(names);
  files[base + "/ui/_registry.ts"] = items_typescript(names);
  return repository;
}

GitRepository svelte(const std::vector<std::string>& names, int changed) {
  GitRepository repository{.branch = "main", .files = {}};
  FilesByPath& files = repository.files;
  add_common(files);
  const std::string root = "docs/src/lib/registry";
  for (std::size_t i = 0; i < names.size(); ++i) {
    const auto& name = names[i];
    const bool is_changed = static_cast<int>(i) < changed;
    files[fmt::format("{}/ui/{}/{}.svelte", root, name, name)] =
        source_of("svelte", name, is_changed);
    files[fmt::format("{}/ui/{}/index.ts", root, name)] = "export * from \"./x\";\n";
    files[fmt::format("{}/examples/{}-demo.svelte", root, name)] =
        source_of("demo of", name, is_changed);
  }
  add_blocks(files, root + "/blocks", ".svelte");
  files["docs/registry.json"] = items_json("ui", names);
  return repository;
}

GitRepository vue(const std::vector<std::string>& names, int changed) {
  GitRepository repository{.branch = "dev", .files = {}};
  FilesByPath& files = repository.files;
  add_common(files);
  const std::string root = "apps/v4/registry/new-york-v4";
  for (std::size_t i = 0; i < names.size(); ++i) {
    const auto& name = names[i];
    const bool is_changed = static_cast<int>(i) < changed;
    files[fmt::format("{}/ui/{}/index.ts", root, name)] = source_of("vue", name, is_changed);
    // One without a file of its name, as there are.
    if (name != "badge") {
      files[fmt::format("{}/ui/{}/{}.vue", root, name, pascal(name))] =
          source_of("vue", name, is_changed);
    }
    files[fmt::format("apps/v4/components/{}Demo.vue", pascal(name))] =
        source_of("demo of", name, is_changed);
  }
  add_blocks(files, root + "/blocks", ".vue");
  files["apps/v4/__registry__/index.ts"] = items_index(names);
  return repository;
}

GitRepository native(const std::vector<std::string>& names, int changed) {
  GitRepository repository{.branch = "main", .files = {}};
  FilesByPath& files = repository.files;
  add_common(files);
  for (std::size_t i = 0; i < names.size(); ++i) {
    files["packages/registry/src/new-york/components/ui/" + names[i] + ".tsx"] =
        source_of("react-native", names[i], static_cast<int>(i) < changed);
  }
  files["apps/docs/registry/new-york.json"] = items_json("ui", names);
  return repository;
}

json::object entry(const std::string& path, std::string_view type) {
  return {{"path", path},
          {"mode", type == "tree" ? "040000" : "100644"},
          {"type", type},
          {"sha", git_sha("blob", path)},
          {"size", 3}};
}

std::string tree_of(json::array entries) {
  return json::serialize(json::object{
      {"sha", git_sha("tree", "x")}, {"truncated", false}, {"tree", std::move(entries)}});
}

}  // namespace

std::string git_sha(std::string_view kind, std::string_view bytes) {
  std::string all = fmt::format("{} {}", kind, bytes.size());
  all += '\0';
  all += bytes;
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  EVP_Digest(all.data(), all.size(), digest, &size, EVP_sha1(), nullptr);
  std::string text;
  for (unsigned int i = 0; i < size; ++i) text += fmt::format("{:02x}", digest[i]);
  return text;
}

std::string GitRepository::sha_of(const std::string& path) const {
  if (const auto file = files.find(path); file != files.end()) {
    return git_sha("blob", file->second);
  }
  const std::string prefix = path.empty() ? path : path + "/";
  std::string listing = prefix;  // else a folder and its only child would have one name
  for (auto at = files.lower_bound(prefix); at != files.end() && at->first.starts_with(prefix);
       ++at) {
    listing += at->first + git_sha("blob", at->second);
  }
  return git_sha("tree", listing);
}

std::map<std::string, GitRepository> make_repositories(const GitHubOptions& options) {
  const auto names = component_names(options.components);
  std::map<std::string, GitRepository> repositories;
  repositories["shadcn-ui/ui"] = shadcn(names, options.changed);
  repositories["huntabyte/shadcn-svelte"] = svelte(names, options.changed);
  repositories["unovue/shadcn-vue"] = vue(names, options.changed);
  repositories["founded-labs/react-native-reusables"] = native(names, options.changed);
  auto& hostile = repositories["sandbox/hostile"];
  hostile.branch = "main";
  hostile.files = {{"ui/huge.tsx", std::string(9U << 20, 'x')},
                   {"ui/small.tsx", "x\n"},
                   {"registry/nested.json", std::string(1U << 20, '[')},
                   {"registry/nested.ts", "export const ui = " + std::string(1U << 20, '[')}};
  return repositories;
}

std::string hostile_tree(std::string_view branch) {
  if (branch == "dots") return tree_of({entry("ui/../../../etc/passwd", "blob")});
  if (branch == "deep") {
    std::string path = "ui";
    for (int i = 0; i < 5000; ++i) path += "/a";
    return tree_of({entry(path.substr(0, 4000), "blob")});
  }
  if (branch == "types") {
    auto wrong = entry("ui/button.tsx", "blob");
    wrong["path"] = 7;
    return tree_of({std::move(wrong)});
  }
  if (branch == "nested") return std::string(4U << 20, '[');
  if (branch == "huge") {
    return R"({"sha":"x","tree":[")" + std::string(40U << 20, 'x') + "\"]}";
  }
  return {};
}

}  // namespace gantry::sandbox
