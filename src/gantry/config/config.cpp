#include "gantry/config/config.hpp"

#include <optional>

#include <fmt/format.h>

#include "gantry/base/files.hpp"
#include "gantry/config/decoder.hpp"
#include "gantry/config/find_faults.hpp"
#include "gantry/config/keys.hpp"
#include "gantry/config/yaml_tree.hpp"

namespace gantry::config {
namespace {

template <class Platform>
bool has_colors_icons_or_images(const std::optional<Platform>& platform) {
  return platform &&
         (platform->colors.form != Form::kAbsent || platform->icons.form != Form::kAbsent ||
          platform->images.form != Form::kAbsent);
}

bool exports_something(const Config& config) {
  return has_colors_icons_or_images(config.ios) || has_colors_icons_or_images(config.android) ||
         has_colors_icons_or_images(config.flutter) || has_colors_icons_or_images(config.web) ||
         (config.ios && config.ios->typography) || (config.android && config.android->typography);
}

template <class Platform>
bool has_single_colors(const std::optional<Platform>& platform) {
  return platform && platform->colors.form == Form::kSingle;
}

// Why it is open where single colours come from, with the place; nothing if it is clear.
std::optional<Warning> open_colors_source(const Config& config) {
  const Common& common = config.common;
  bool both = common.colors.position.line > 0 && common.variables_colors.has_value();
  bool single = has_single_colors(config.ios) || has_single_colors(config.android) ||
                has_single_colors(config.flutter) || has_single_colors(config.web);
  if (!both || !single) return std::nullopt;
  return Warning{
      common.variables_colors->position,
      fmt::format("both 'common.colors' (line {}) and 'common.variablesColors' are set, so that it "
                  "is open where colors come from; remove one of them to export colors",
                  common.colors.position.line)};
}

// Throws what is wrong with the text as a whole; the faults of its values are in the report.
void decode_all(std::string_view text, std::string_view file_name, Report& report, Config& config) {
  YamlTree tree = parse_yaml(text, file_name);
  SourcePosition start{std::string(file_name), 1, 1};
  if (tree.root == nullptr || tree.root->kind == Value::Kind::kNull) {
    throw Error(ErrorCode::kInvalidConfig,
                "the file is empty, expected a mapping with figma, common and ios, android, "
                "flutter or web")
        .at(start);
  }
  Target target{report, "", report.position(*tree.root), {}};
  if (tree.root->kind != Value::Kind::kMapping) {
    throw Error(ErrorCode::kInvalidConfig,
                "not a configuration, expected a mapping with figma, common and ios, android, "
                "flutter or web")
        .at(target.position);
  }
  decode(*tree.root, target, config);
  if (!report.has_faults() && !exports_something(config)) {
    throw Error(ErrorCode::kInvalidConfig,
                "nothing to export, expected colors, icons, images or typography under ios, "
                "android, flutter or web")
        .at(start);
  }
}

}  // namespace

Loaded parse(std::string_view text, std::string_view file_name) {
  Report report(file_name);
  Loaded loaded;
  decode_all(text, file_name, report, loaded.config);
  report.throw_faults();
  if (auto warning = open_colors_source(loaded.config)) {
    report.warn(warning->position, warning->message);
  }
  loaded.warnings = report.take_warnings();
  loaded.positions = report.take_positions();
  loaded.digest = sha256(text);
  return loaded;
}

std::vector<Warning> find_faults(std::string_view text, std::string_view file_name) {
  Report report(file_name);
  Config config;
  try {
    decode_all(text, file_name, report, config);
  } catch (const Error& error) {
    SourcePosition position =
        error.position().value_or(SourcePosition{std::string(file_name), 1, 1});
    std::string message = error.message();
    std::string prefix = position.to_string() + ": ";
    if (message.starts_with(prefix)) message.erase(0, prefix.size());
    return {{position, std::move(message)}};
  }
  return report.take_faults();
}

Loaded load(const std::filesystem::path& path) {
  return parse(read_file(path, kMaxBytes), path.string());
}

void require_one_colors_source(const Config& config) {
  if (auto open = open_colors_source(config)) {
    throw Error(ErrorCode::kInvalidConfig, open->message).at(open->position);
  }
}

}  // namespace gantry::config
