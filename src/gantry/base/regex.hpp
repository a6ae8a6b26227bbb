// Patterns that users give: regular expressions of configurations in ICU's dialect (the one of
// NSRegularExpression) and the name filters of the command line. A hostile pattern or text ends in
// an Error, not in a hang. Any thread.
#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace gantry {

class Regex {
 public:
  // kInvalidConfig with the pattern and the position of the fault.
  explicit Regex(std::string_view pattern);
  ~Regex();
  Regex(Regex&&) noexcept;
  Regex& operator=(Regex&&) noexcept;

  // Whether it matches somewhere in `text`. kInvalidConfig if that takes too long to find out.
  bool search(std::string_view text) const;

  // `text` with every match replaced by `replacement`, where `$` and one digit stand for a capture
  // group ($0: the whole match) and a group that took no part for nothing. Any other `$` is itself.
  std::string replace_all(std::string_view text, std::string_view replacement) const;

  // kInvalidConfig if `replacement` names a group that the pattern does not have.
  void check_template(std::string_view replacement) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// Whether `name` passes `filter`: a comma-separated list of names, in which '*' stands for any run
// of characters, also across '/'. Spaces around a name do not count. An empty filter passes none.
bool wildcard_match(std::string_view filter, std::string_view name);

}  // namespace gantry
