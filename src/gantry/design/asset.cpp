#include "gantry/design/asset.hpp"

#include <algorithm>
#include <cstddef>
#include <map>
#include <tuple>

#include "gantry/design/names.hpp"
#include "gantry/design/node_id.hpp"
#include "gantry/design/quote.hpp"

namespace gantry::design {
namespace {

using Components = std::vector<const SelectedComponent*>;

std::string described(const SelectedComponent& component) {
  return "component " + in_quotes(component.name) + " (node " + component.node_id + ", page " +
         in_quotes(component.page) + ", frame " + in_quotes(component.frame) + ")";
}

Finding finding(Finding::Kind kind, const SelectedComponent& component, const std::string& file_key,
                const std::string& message) {
  Finding result{.kind = kind,
                 .component = component.name,
                 .page = component.page,
                 .frame = component.frame,
                 .file_key = file_key,
                 .node_id = component.node_id,
                 .message = described(component) + ": " + message};
  if (kind == Finding::Kind::kError) {
    result.message += "; see " + figma_link(file_key, component.node_id);
  }
  return result;
}

// Components by normalised name, those of one name in the order of their node ids.
std::map<std::string, Components> by_name(const Source& source) {
  std::map<std::string, Components> groups;
  for (const SelectedComponent& component : source.components) {
    groups[normalised_name(component.name)].push_back(&component);
  }
  for (auto& [name, group] : groups) {
    std::sort(group.begin(), group.end(), [](const auto* left, const auto* right) {
      return node_id_less(left->node_id, right->node_id);
    });
  }
  return groups;
}

// An asset on its way to its final name.
struct Draft {
  Asset asset;
  const SelectedComponent* component;
};

class Builder {
 public:
  Builder(const Source& light, const std::optional<Source>& dark, const NameRules& rules)
      : light_(light),
        dark_(dark ? &*dark : nullptr),
        rules_(rules),
        pipeline_(rules.style, rules.validate, rules.replace) {}

  AssetList build() {
    drafts_.reserve(light_.components.size());
    pair();
    name_all();
    std::sort(named_.begin(), named_.end(), [](const Draft* left, const Draft* right) {
      return left->asset.name < right->asset.name;
    });
    list_.assets.reserve(named_.size());
    for (Draft* draft : named_) list_.assets.push_back(std::move(draft->asset));
    return std::move(list_);
  }

 private:
  void report(Finding::Kind kind, const SelectedComponent& component, const std::string& file_key,
              const std::string& message) {
    list_.findings.push_back(finding(kind, component, file_key, message));
  }

  void pair() {
    std::map<std::string, Components> dark_groups;
    if (dark_ != nullptr) dark_groups = by_name(*dark_);
    for (const auto& [name, group] : by_name(light_)) {
      auto found = dark_groups.find(name);
      pair_group(name, group, found == dark_groups.end() ? Components() : found->second);
      if (found != dark_groups.end()) dark_groups.erase(found);
    }
    for (const auto& [name, group] : dark_groups) {
      for (const SelectedComponent* component : group) {
        report(Finding::Kind::kError, *component, dark_->file_key,
               "it is dark and there is no light component of its name");
      }
    }
  }

  void pair_group(const std::string& name, const Components& light, const Components& dark) {
    for (std::size_t i = 0; i < light.size(); ++i) {
      const SelectedComponent& component = *light[i];
      if (auto reason = refused_raw_name(component.name)) {
        report(Finding::Kind::kError, component, light_.file_key,
               "its name is refused: " + *reason);
        continue;
      }
      if (!pipeline_.is_valid(name)) {
        report(Finding::Kind::kError, component, light_.file_key,
               "its name does not match nameValidateRegexp " +
                   in_quotes(rules_.validate.value_or("")));
        continue;
      }
      add_draft(name, component, i < dark.size() ? dark[i] : nullptr);
    }
    for (std::size_t i = light.size(); i < dark.size(); ++i) {
      report(Finding::Kind::kWarning, *dark[i], dark_->file_key,
             "it is not used: more dark components than light ones have its name");
    }
  }

  void add_draft(const std::string& normalised, const SelectedComponent& component,
                 const SelectedComponent* dark) {
    std::string name = pipeline_.final_name(normalised);
    if (auto reason = refused_final_name(name)) {
      report(Finding::Kind::kError, component, light_.file_key,
             "its file name " + in_quotes(name) + " is refused: " + *reason);
      return;
    }
    Draft draft{.asset = {.name = std::move(name),
                          .original_name = component.name,
                          .light = {light_.file_key, component.node_id},
                          .rtl = component.rtl,
                          .page = component.page,
                          .frame = component.frame},
                .component = &component};
    if (dark != nullptr) draft.asset.dark = NodeSource{dark_->file_key, dark->node_id};
    if (dark_ != nullptr && dark == nullptr) {
      report(Finding::Kind::kWarning, component, light_.file_key,
             "it has no dark variant and is used in light and dark");
    }
    drafts_.push_back(std::move(draft));
  }

  // First every name goes to its component with the smallest node id, then the others look for
  // free ones: a suffixed name never takes one that a component has by itself.
  void name_all() {
    // Pointers are sorted, for drafts are large.
    std::vector<Draft*> by_id;
    by_id.reserve(drafts_.size());
    for (Draft& draft : drafts_) by_id.push_back(&draft);
    std::sort(by_id.begin(), by_id.end(), [](const Draft* left, const Draft* right) {
      return node_id_less(left->asset.light.node_id, right->asset.light.node_id);
    });
    named_.reserve(drafts_.size());
    std::vector<std::pair<Draft*, const Draft*>> losers;
    for (Draft* draft : by_id) {
      if (const Draft* owner = claim(*draft)) {
        losers.emplace_back(draft, owner);
      } else {
        named_.push_back(draft);
      }
    }
    for (auto [draft, owner] : losers) rename(*draft, *owner);
  }

  void rename(Draft& draft, const Draft& owner) {
    std::string wanted = draft.asset.name;
    do {
      draft.asset.name = with_node_id(draft.asset.name, draft.asset.light.node_id,
                                      rules_.style.value_or(NameStyle::kSnakeCase));
      if (auto reason = refused_final_name(draft.asset.name)) {
        report(Finding::Kind::kError, *draft.component, light_.file_key,
               "its file name " + in_quotes(wanted) + " is taken by " +
                   described(*owner.component) +
                   ", and with its node id it is refused: " + *reason);
        return;
      }
    } while (claim(draft) != nullptr);
    report(Finding::Kind::kWarning, *draft.component, light_.file_key,
           "its file name " + in_quotes(wanted) + " is taken by " + described(*owner.component) +
               "; it is exported as " + in_quotes(draft.asset.name));
    named_.push_back(&draft);
  }

  // Takes the names of a draft, or returns who has one of them.
  const Draft* claim(Draft& draft) {
    std::vector<std::string> keys = {name_key(draft.asset.name)};
    if (draft.asset.dark) {
      draft.asset.dark_name = draft.asset.name + rules_.dark_suffix;
      keys.push_back(name_key(draft.asset.dark_name));
    }
    for (const std::string& key : keys) {
      if (auto owner = owners_.find(key); owner != owners_.end()) return owner->second;
    }
    for (std::string& key : keys) owners_.emplace(std::move(key), &draft);
    return nullptr;
  }

  const Source& light_;
  const Source* dark_;  // null without dark variants
  const NameRules& rules_;
  NamePipeline pipeline_;
  std::vector<Draft> drafts_;
  std::vector<Draft*> named_;
  std::map<std::string, const Draft*> owners_;
  AssetList list_;
};

}  // namespace

bool AssetList::has_errors() const {
  return std::any_of(findings.begin(), findings.end(),
                     [](const Finding& f) { return f.kind == Finding::Kind::kError; });
}

std::pair<Source, Source> split_light_dark(Source source, const std::string& suffix) {
  Source light{.file_key = source.file_key, .components = {}};
  Source dark{.file_key = source.file_key, .components = {}};
  for (SelectedComponent& component : source.components) {
    std::string& name = component.name;
    std::string& set_name = component.set_name;
    if (!suffix.empty() && set_name.ends_with(suffix) && name.starts_with(set_name)) {
      name.erase(set_name.size() - suffix.size(), suffix.size());
      set_name.resize(set_name.size() - suffix.size());
    } else if (!suffix.empty() && name.ends_with(suffix)) {
      name.resize(name.size() - suffix.size());
    } else {
      light.components.push_back(std::move(component));
      continue;
    }
    dark.components.push_back(std::move(component));
  }
  return {std::move(light), std::move(dark)};
}

AssetList make_assets(const Source& light, const std::optional<Source>& dark,
                      const NameRules& rules) {
  return Builder(light, dark, rules).build();
}

}  // namespace gantry::design
