#include "gantry/service/design_request.hpp"

#include <algorithm>
#include <array>

#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include "gantry/config/find_faults.hpp"
#include "gantry/service/api_json.hpp"

namespace gantry::service {
namespace {

namespace json = boost::json;

// Beyond this it would not fit into the environment of a worker.
constexpr std::size_t kLargestConfig = 64UL << 10;
// What is no path, and may look like one that leads elsewhere.
constexpr std::array<std::string_view, 7> kNoPaths = {
    "figmaFrameName", "figmaPageName", "nameValidateRegexp", "nameReplaceRegexp",
    "markerStart",    "markerEnd",     "codeSyntaxTemplate"};

// A configuration as text with one value a line, so that the lines of faults lead to pointers.
class NumberedText {
 public:
  NumberedText(const json::value& value, const std::string& pointer) { write(value, pointer); }

  const std::string& text() const { return text_; }
  // Of a line from 1 on.
  const std::string& pointer(int line) const {
    auto index = static_cast<std::size_t>(std::max(line, 1)) - 1;
    return pointers_[std::min(index, pointers_.size() - 1)];
  }

 private:
  void end_line(const std::string& pointer) {
    text_ += '\n';
    pointers_.push_back(pointer);
  }
  void write(const json::value& value, const std::string& pointer) {
    if (value.is_object() && !value.get_object().empty()) {
      text_ += '{';
      end_line(pointer);
      for (const auto& member : value.get_object()) {
        text_ += json::serialize(json::string(member.key())) + ": ";
        write_item(member.value(), pointer + "/" + escaped_for_pointer(member.key()));
      }
      text_ += '}';
    } else if (value.is_array() && !value.get_array().empty()) {
      text_ += '[';
      end_line(pointer);
      for (std::size_t i = 0; i < value.get_array().size(); ++i) {
        write_item(value.get_array()[i], fmt::format("{}/{}", pointer, i));
      }
      text_ += ']';
    } else {
      text_ += json::serialize(value);
    }
  }
  void write_item(const json::value& value, const std::string& pointer) {
    write(value, pointer);
    text_ += ',';
    end_line(pointer);
  }

  std::string text_;
  std::vector<std::string> pointers_;
};

bool leads_out(std::string_view path) {
  if (path.starts_with('/') || path.starts_with('~')) return true;
  while (!path.empty()) {
    std::size_t end = std::min(path.find_first_of("/\\"), path.size());
    if (path.substr(0, end) == "..") return true;
    path.remove_prefix(std::min(end + 1, path.size()));
  }
  return false;
}

// What the schema allows and a request may not say.
class Inspection {
 public:
  explicit Inspection(const std::function<bool(std::string_view)>& may_read_file)
      : may_read_file_(may_read_file) {}

  void look_at(const json::value& value, std::string_view key, const std::string& pointer) {
    if (const json::object* object = value.if_object()) {
      for (const auto& member : *object) {
        std::string_view name(member.key());
        std::string its = pointer + "/" + escaped_for_pointer(name);
        if (name == "templatesPath") {
          add(its, "names files of the server; templates cannot be sent");
        } else if ((key.empty() && name == "gantry") || (key == "common" && name == "cache")) {
          add(its, "says how a run behaves, which is the server's own affair");
        } else if (name == "<<") {
          add(its, "is not known here");
        } else {
          look_at(member.value(), name, its);
        }
      }
    } else if (const json::array* list = value.if_array()) {
      for (std::size_t i = 0; i < list->size(); ++i) {
        look_at((*list)[i], key, fmt::format("{}/{}", pointer, i));
      }
    } else if (value.is_string()) {
      look_at_text(value.get_string(), key, pointer);
    }
  }
  std::vector<httpd::BodyFault> take() { return std::move(faults_); }

 private:
  void look_at_text(std::string_view text, std::string_view key, const std::string& pointer) {
    if (key.ends_with("FileId")) {
      if (!may_read_file_(text)) {
        add(pointer, "is not among the files that the line of this API key allows");
      }
      return;
    }
    bool is_path = std::find(kNoPaths.begin(), kNoPaths.end(), key) == kNoPaths.end();
    if (is_path && leads_out(text)) {
      add(pointer, "leads out of the folder of the export; it wants a relative path without '..'");
    }
  }
  void add(const std::string& pointer, std::string detail) {
    faults_.push_back({pointer, std::move(detail)});
  }

  const std::function<bool(std::string_view)>& may_read_file_;
  std::vector<httpd::BodyFault> faults_;
};

}  // namespace

std::vector<httpd::BodyFault> faults_of_design(
    const json::value& config, const std::string& pointer,
    const std::function<bool(std::string_view file)>& may_read_file) {
  if (!config.is_object()) return {{pointer, "is not an object: a configuration"}};
  NumberedText numbered(config, pointer);
  if (numbered.text().size() > kLargestConfig) {
    return {{pointer, fmt::format("has more than {} KiB", kLargestConfig >> 10)}};
  }
  Inspection inspection(may_read_file);
  inspection.look_at(config, "", pointer);
  std::vector<httpd::BodyFault> faults = inspection.take();
  for (config::Warning& fault : config::find_faults(numbered.text(), "config")) {
    faults.push_back({numbered.pointer(fault.position.line), std::move(fault.message)});
  }
  return faults;
}

}  // namespace gantry::service
