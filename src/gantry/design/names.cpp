#include "gantry/design/names.hpp"

#include <vector>

#include "gantry/base/error.hpp"
#include "gantry/base/relative_path.hpp"

namespace gantry::design {
namespace {

// Leaves room for suffixes and extensions within the 255 bytes of a file name.
constexpr std::size_t kLongestName = 200;

std::vector<std::string_view> parts_of(std::string_view raw) {
  std::vector<std::string_view> parts;
  while (!raw.empty()) {
    std::size_t slash = raw.find('/');
    if (slash != 0) parts.push_back(raw.substr(0, slash));
    if (slash == std::string_view::npos) break;
    raw.remove_prefix(slash + 1);
  }
  return parts;
}

std::string_view trim(std::string_view text) {
  std::size_t begin = text.find_first_not_of(' ');
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(' ') - begin + 1);
}

bool is_alphanumeric(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

}  // namespace

std::string normalised_name(std::string_view raw) {
  std::vector<std::string_view> parts = parts_of(raw);
  if (parts.size() == 2 && parts[0] == parts[1]) return std::string(parts[0]);
  std::string result;
  for (std::string_view part : parts) {
    if (!result.empty()) result.push_back('_');
    result += part;
  }
  return result;
}

std::optional<std::string> refused_raw_name(std::string_view raw) {
  for (char c : raw) {
    auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f) return "it has a control character";
  }
  bool blank = true;
  for (std::string_view part : parts_of(raw)) {
    std::string_view text = trim(part);
    if (text == "." || text == "..") return "it has the part '" + std::string(text) + "'";
    if (!text.empty()) blank = false;
  }
  if (blank) return "it is blank";
  return std::nullopt;
}

std::optional<std::string> refused_final_name(std::string_view name) {
  if (name.empty()) return "it has no letter and no digit";
  if (name.size() > kLongestName) {
    return "it is longer than " + std::to_string(kLongestName) + " bytes";
  }
  return unsafe_segment(name);
}

std::string with_node_id(std::string_view name, std::string_view node_id, NameStyle style) {
  std::string_view separator = "_";
  if (style == NameStyle::kKebabCase) separator = "-";
  if (style == NameStyle::kCamelCase || style == NameStyle::kPascalCase) separator = "N";
  std::string result(name);
  bool inside = false;
  for (char c : node_id) {
    if (!is_alphanumeric(c)) {
      inside = false;
      continue;
    }
    if (!inside) result += separator;
    inside = true;
    result.push_back(c);
  }
  if (result.size() == name.size()) result.append(separator).append("0");
  return result;
}

NamePipeline::NamePipeline(std::optional<NameStyle> style,
                           const std::optional<std::string>& validate,
                           const std::optional<std::string>& replace)
    : style_(style), replace_(replace) {
  if (validate) validate_.emplace(*validate);
  if (validate_ && replace_) validate_->check_template(*replace_);
}

bool NamePipeline::is_valid(const std::string& normalised) const {
  return !validate_ || validate_->search(normalised);
}

std::string NamePipeline::final_name(const std::string& normalised) const {
  std::string name = normalised;
  if (validate_ && replace_) name = validate_->replace_all(normalised, *replace_);
  return style_ ? to_style(name, *style_) : name;
}

std::string name_key(std::string_view name) { return RelativePath(name).collision_key(); }

}  // namespace gantry::design
