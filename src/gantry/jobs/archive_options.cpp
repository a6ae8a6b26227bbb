#include "gantry/jobs/archive_options.hpp"

#include <map>
#include <utility>

#include <boost/json.hpp>
#include <fmt/format.h>

namespace gantry::jobs {
namespace {

namespace json = boost::json;
namespace mods = exporters::mods;
namespace pinax = exporters::pinax;

constexpr std::size_t kDepthOfPinax = 10;
constexpr std::size_t kMostAhead = 100;
constexpr std::size_t kShortestText = 100;
constexpr std::size_t kLongestText = 10'000'000;

class Reader {
 public:
  Reader(const json::object& object, std::vector<OptionFault>& faults)
      : object_(object), faults_(faults) {}

  void flag(const char* key, bool& target) {
    const json::value* value = take(key);
    if (value == nullptr) return;
    if (!value->is_bool()) return fault(key, "is neither true nor false");
    target = value->get_bool();
  }

  void number(const char* key, std::size_t& target, std::size_t least, std::size_t most) {
    const json::value* value = take(key);
    if (value == nullptr) return;
    json::error_code failure;
    auto number = value->to_number<std::uint64_t>(failure);
    if (failure || number < least || number > most) {
      return fault(key, fmt::format("is not a whole number from {} to {}", least, most));
    }
    target = number;
  }

  template <class T>
  void word(const char* key, T& target, const std::vector<std::pair<std::string_view, T>>& words) {
    const json::value* value = take(key);
    if (value == nullptr) return;
    std::string known;
    for (const auto& [word, meaning] : words) {
      if (value->is_string() && value->get_string() == word) {
        target = meaning;
        return;
      }
      known += fmt::format("{}{}", known.empty() ? "" : ", ", word);
    }
    fault(key, "is none of " + known);
  }

  void roles(const char* key, std::set<archive::Role>& target) {
    const json::value* value = take(key);
    if (value == nullptr) return;
    if (!value->is_array()) return fault(key, "is not a list");
    std::set<archive::Role> roles;
    const json::array& list = value->get_array();
    for (std::size_t i = 0; i < list.size(); ++i) {
      const json::string* word = list[i].if_string();
      auto role = word == nullptr ? std::nullopt : archive::parse_role(*word);
      if (!role) {
        fault(key, "is none of ref, pinax, description, cheimarros, other", fmt::format("/{}", i));
      } else {
        roles.insert(*role);
      }
    }
    target = std::move(roles);
  }

  // An option of the past that could only be switched off.
  void never(const char* key) {
    bool is_on = false;
    flag(key, is_on);
    if (is_on) fault(key, "cannot be true");
  }

  void refuse_others(ArchiveFormat format) {
    for (const auto& [key, value] : object_) {
      if (taken_.contains(std::string(key))) continue;
      fault(std::string(key), fmt::format("is no option of {} exports", to_string(format)));
    }
  }

 private:
  const json::value* take(const char* key) {
    taken_.insert(key);
    const json::value* value = object_.if_contains(key);
    return value == nullptr || value->is_null() ? nullptr : value;
  }

  // `below`: where within the option.
  void fault(const std::string& key, std::string message, const std::string& below = "") {
    std::string pointer = "/";
    for (char c : key) pointer += c == '~' ? "~0" : c == '/' ? "~1" : std::string(1, c);
    faults_.push_back({pointer + below, std::move(message)});
  }

  const json::object& object_;
  std::vector<OptionFault>& faults_;
  std::set<std::string> taken_;
};

void read_mods(Reader& reader, ArchiveOptions& options) {
  reader.word<mods::Graph>("cheimarrosMode", options.graph,
                           {{"full", mods::Graph::kFull},
                            {"minimal", mods::Graph::kMinimal},
                            {"skip", mods::Graph::kSkip}});
  reader.never("validate");
}

void read_pinax(Reader& reader, ArchiveOptions& options) {
  using Source = pinax::EntitySource;
  reader.number("maxTextLength", options.max_text_length, kShortestText, kLongestText);
  reader.word<Source>("entitySource", options.entity_source,
                      {{"none", Source::kNone},
                       {"graphdb", Source::kGraph},
                       {"cheimarros", Source::kCheimarros},
                       {"both", Source::kBoth}});
  reader.flag("includeComponents", options.include_components);
  reader.roles("componentTypes", options.component_types);
  reader.number("refJsonBatchSize", options.references_ahead, 1, kMostAhead);
  reader.number("graphdbBatchSize", options.graph_ahead, 1, kMostAhead);
  reader.number("entityBatchSize", options.entities_ahead, 1, kMostAhead);
}

}  // namespace

std::string_view to_string(ArchiveFormat format) {
  return format == ArchiveFormat::kMods ? "mods" : "pinax";
}

std::optional<ArchiveFormat> parse_archive_format(std::string_view word) {
  for (ArchiveFormat format : {ArchiveFormat::kMods, ArchiveFormat::kPinax}) {
    if (to_string(format) == word) return format;
  }
  return std::nullopt;
}

ArchiveOptions ArchiveOptions::defaults(ArchiveFormat format) {
  ArchiveOptions options;
  options.format = format;
  if (format == ArchiveFormat::kPinax) options.max_depth = kDepthOfPinax;
  return options;
}

mods::Options ArchiveOptions::mods() const {
  return {.is_collection = is_recursive, .include_ocr = include_ocr, .graph = graph};
}

pinax::Options ArchiveOptions::pinax() const {
  return {.is_recursive = is_recursive,
          .max_depth = max_depth,
          .include_ocr = include_ocr,
          .max_text_length = max_text_length,
          .entity_source = entity_source,
          .include_components = include_components,
          .component_types = component_types,
          .references_ahead = references_ahead,
          .graph_ahead = graph_ahead,
          .entities_ahead = entities_ahead};
}

std::string ArchiveOptions::file_name(std::string_view pi) const {
  return fmt::format("{}{}.{}", pi, is_recursive ? "-collection" : "",
                     format == ArchiveFormat::kMods ? "xml" : "json");
}

ArchiveOptions read_archive_options(ArchiveFormat format, const json::value& value,
                                    std::vector<OptionFault>& faults) {
  ArchiveOptions options = ArchiveOptions::defaults(format);
  if (!value.is_object()) {
    faults.push_back({"", "is not an object"});
    return options;
  }
  Reader reader(value.get_object(), faults);
  reader.flag("recursive", options.is_recursive);
  reader.number("maxDepth", options.max_depth, 0, ArchiveOptions::kDeepest);
  reader.flag("includeOcr", options.include_ocr);
  reader.number("parallelBatchSize", options.entities_ahead, 1, kMostAhead);
  if (format == ArchiveFormat::kMods) {
    read_mods(reader, options);
  } else {
    read_pinax(reader, options);
  }
  reader.refuse_others(format);
  return options;
}

}  // namespace gantry::jobs
