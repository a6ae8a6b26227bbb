#include "apps/sandbox/design.hpp"

#include <array>
#include <utility>
#include <variant>

#include <fmt/format.h>

#include "apps/sandbox/random.hpp"

namespace gantry::sandbox {
namespace {

constexpr std::array kThings = {
    "arrow", "bell",  "book",   "bookmark", "box",     "calendar", "camera", "card",
    "cart",  "chart", "check",  "clock",    "cloud",   "compass",  "crown",  "door",
    "flag",  "flame", "folder", "gift",     "globe",   "heart",    "home",   "key",
    "leaf",  "lock",  "mail",   "map",      "moon",    "music",    "pen",    "phone",
    "pin",   "plane", "rocket", "shield",   "sparkle", "star",     "sun",    "wallet"};
constexpr std::array kForms = {"",     "_filled", "_outline", "_left", "_right", "_up",   "_down",
                               "_add", "_remove", "_small",   "_bold", "_round", "_split"};
constexpr std::array kStates = {"Off", "On", "Disabled"};

constexpr std::size_t kIcons = 0;
constexpr std::size_t kNavigation = 1;
constexpr std::size_t kIllustrations = 2;
constexpr std::size_t kControls = 3;

std::vector<Frame> standard_frames() {
  return {{"1:2", "Icons", "0:1", "Icons"},
          {"1:3", "Icons/Navigation", "0:1", "Icons"},
          {"1:4", "Illustrations", "0:2", "Illustrations"},
          {"1:5", "Controls", "0:3", "Controls"}};
}

std::string thing(int index) {
  const auto things = static_cast<int>(kThings.size());
  const auto forms = static_cast<int>(kForms.size());
  const int round = index / (things * forms);
  auto name = fmt::format("{}{}", kThings.at(static_cast<std::size_t>(index % things)),
                          kForms.at(static_cast<std::size_t>(index / things % forms)));
  if (round > 0) name += fmt::format("_{}", round + 1);
  return name;
}

// The light and dark twin of a design have the same shapes; every other file has its own.
std::uint64_t family_seed(const DesignOptions& options, std::string_view key) {
  const bool is_twin = key == "sandbox-light" || key == "sandbox-dark" || key == "sandbox-single";
  return hash_text(is_twin ? "sandbox" : key, options.seed);
}

class Generator {
 public:
  Generator(const DesignOptions& options, std::string_view key, Palette palette)
      : options_(options), palette_(palette), seed_(family_seed(options, key)) {
    file_.key = key;
    file_.name = fmt::format("Sandbox {}", key.substr(key.find('-') + 1));
    file_.version = options.version;
    file_.frames = standard_frames();
  }

  File generate() {
    const int navigation = options_.icons / 10;
    const int illustrations = options_.icons / 25;
    const int variants = options_.icons / 25;
    const int icons = options_.icons - navigation - illustrations - variants;
    for (int i = 0; i < icons; ++i) add(kIcons, fmt::format("ic/24/{}", thing(i)));
    for (int i = 0; i < navigation; ++i) {
      add(kNavigation, fmt::format("ic/24/nav_{}", thing(i)));
    }
    for (int i = 0; i < illustrations; ++i) {
      add(kIllustrations, fmt::format("img/{}", thing(i))).drawing.size = 96;
    }
    for (int i = 0; i < variants; ++i) add_variant(i);
    file_.index();
    return std::move(file_);
  }

 private:
  Component& add(std::size_t frame, std::string name) {
    const auto number = static_cast<int>(file_.components.size());
    Component component;
    component.node_id = fmt::format("{}:{}", 10 + frame, 100 + number);
    component.key = component_key(file_.key, component.node_id);
    component.frame = frame;
    const bool is_changed = number < options_.changed_icons;
    component.drawing.seed = hash_text(name, seed_ + (is_changed ? 1 : 0));
    component.drawing.palette = palette_;
    if (name.find("arrow") != std::string::npos) component.description = "rtl";
    component.name = std::move(name);
    file_.components.push_back(std::move(component));
    return file_.components.back();
  }

  void add_variant(int index) {
    const auto states = static_cast<int>(kStates.size());
    const auto set = static_cast<std::size_t>(index / states);
    if (set == file_.sets.size()) {
      const auto node_id = fmt::format("9:{}", set + 1);
      file_.sets.push_back({node_id, component_key(file_.key, node_id),
                            fmt::format("ic/24/control_{}", thing(index / states)), kControls});
    }
    const auto state = kStates.at(static_cast<std::size_t>(index % states));
    auto& component = add(kControls, fmt::format("State={}, Size=24", state));
    component.set = set;
    component.drawing.seed = hash_text(file_.sets[set].name + state, seed_);
  }

  const DesignOptions& options_;
  Palette palette_;
  std::uint64_t seed_;
  File file_;
};

std::shared_ptr<const Tokens> shared_tokens(const DesignOptions& options, Palette palette) {
  return std::make_shared<const Tokens>(make_tokens(options.tokens, options.seed, palette));
}

// The dark colours beside the light ones.
std::shared_ptr<const Tokens> in_one_file(Tokens tokens, const Tokens& dark) {
  for (auto style : dark.styles) {
    if (!std::holds_alternative<Rgba>(style.look)) continue;
    style.name += "_dark";
    style.node_id = "2" + style.node_id;
    tokens.styles.push_back(std::move(style));
  }
  return std::make_shared<const Tokens>(std::move(tokens));
}

}  // namespace

void File::index() {
  by_node_.clear();
  for (std::size_t i = 0; i < components.size(); ++i) by_node_.emplace(components[i].node_id, i);
}

std::optional<std::size_t> File::component_index(std::string_view node_id) const {
  const auto found = by_node_.find(std::string(node_id));
  if (found == by_node_.end()) return std::nullopt;
  return found->second;
}

const File* Design::find(std::string_view key) const {
  const auto found = files.find(key);
  return found == files.end() ? nullptr : &found->second;
}

std::string component_key(std::string_view file_key, std::string_view node_id) {
  const auto first = hash_text(node_id, hash_text(file_key));
  return fmt::format("{:016x}{:016x}{:08x}", first, mix(first), mix(first + 1) >> 32);
}

File generated_file(const DesignOptions& options, std::string_view key, Palette palette) {
  return Generator(options, key, palette).generate();
}

File single_file(const DesignOptions& options) {
  File file = generated_file(options, "sandbox-single", Palette::kLight);
  const auto dark = generated_file(options, "sandbox-single", Palette::kDark);
  for (auto component : dark.components) {
    if (component.set) continue;
    component.name += "_dark";
    component.node_id = "2" + component.node_id;
    component.key = component_key(file.key, component.node_id);
    file.components.push_back(std::move(component));
  }
  file.index();
  return file;
}

Design make_design(const DesignOptions& options) {
  Design design;
  const auto light = shared_tokens(options, Palette::kLight);
  const auto dark = shared_tokens(options, Palette::kDark);
  const auto add = [&](File file, std::shared_ptr<const Tokens> tokens) {
    file.tokens = std::move(tokens);
    const bool is_for_icons = options.components.empty() || file.recorded_components != nullptr;
    if (!options.icons_from.empty() && is_for_icons) use_icons_from(options.icons_from, file);
    auto key = file.key;
    design.files.insert_or_assign(std::move(key), std::move(file));
  };
  add(generated_file(options, "sandbox-light", Palette::kLight), light);
  add(generated_file(options, "sandbox-dark", Palette::kDark), dark);
  add(single_file(options), in_one_file(*light, *dark));
  for (int i = 1; i <= options.files; ++i) {
    add(generated_file(options, fmt::format("sandbox-{}", i), Palette::kLight), light);
  }
  if (!options.components.empty()) add(recorded_file(options), nullptr);
  if (options.hostile) {
    auto file = hostile_file(options);
    design.files.insert_or_assign(std::string(file.key), std::move(file));
  }
  return design;
}

}  // namespace gantry::sandbox
