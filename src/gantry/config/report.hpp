// Collects what is wrong with a configuration, and the wording that all messages share.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gantry/config/config.hpp"
#include "gantry/config/yaml_tree.hpp"

namespace gantry::config {

// The faults and warnings of one file.
class Report {
 public:
  explicit Report(std::string_view file_name) : file_name_(file_name) {}

  SourcePosition position(const Value& value) const {
    return {file_name_, value.line, value.column};
  }
  void fault(SourcePosition position, std::string message);
  void warn(SourcePosition position, std::string message);

  // Remembers where a key stands, if it is one of those that settings of a run come from.
  void note(const std::string& path, const SourcePosition& position);
  std::map<std::string, SourcePosition> take_positions() { return std::move(positions_); }

  // Throws all faults as one Error, kInvalidConfig; does nothing if there are none.
  void throw_faults();
  bool has_faults() const { return !faults_.empty(); }
  std::vector<Warning> take_faults();
  std::vector<Warning> take_warnings();

 private:
  std::string file_name_;
  std::vector<Warning> faults_;
  std::vector<Warning> warnings_;
  std::map<std::string, SourcePosition> positions_;
};

// A text of the file as a message may show it: short, and with nothing that a terminal obeys.
std::string shown(std::string_view text);

// ", did you mean 'x'" with the word nearest to `text`, or nothing if none is like it.
std::string suggestion(std::string_view text, const std::vector<std::string_view>& words);

}  // namespace gantry::config
