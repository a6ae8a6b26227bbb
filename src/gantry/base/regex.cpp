#include "gantry/base/regex.hpp"

#include <algorithm>
#include <utility>

#include <unicode/regex.h>

#include "gantry/base/error.hpp"

namespace gantry {
namespace {

// ICU counts steps of the match engine, of which a slow machine does one a millisecond.
constexpr std::int32_t kStepLimit = 200;
constexpr std::int32_t kBacktrackBytes = 1 << 20;
constexpr std::size_t kLongestPattern = std::size_t{16} * 1024;

icu::UnicodeString wide(std::string_view text) {
  return icu::UnicodeString::fromUTF8(
      icu::StringPiece(text.data(), static_cast<std::int32_t>(text.size())));
}

bool is_group(std::string_view text, std::size_t dollar) {
  return dollar + 1 < text.size() && text[dollar + 1] >= '0' && text[dollar + 1] <= '9';
}

bool wildcard_match_one(std::string_view pattern, std::string_view name) {
  std::size_t at = 0;
  std::size_t next = 0;
  std::size_t star = std::string_view::npos;
  std::size_t retry = 0;
  while (at < name.size()) {
    if (next < pattern.size() && pattern[next] == '*') {
      star = next++;
      retry = at;
    } else if (next < pattern.size() && pattern[next] == name[at]) {
      ++next;
      ++at;
    } else if (star != std::string_view::npos) {
      next = star + 1;
      at = ++retry;
    } else {
      return false;
    }
  }
  return pattern.find_first_not_of('*', next) == std::string_view::npos;
}

std::string_view trim(std::string_view text) {
  std::size_t begin = text.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

}  // namespace

struct Regex::State {
  std::string text;
  std::unique_ptr<icu::RegexPattern> pattern;
  int groups = 0;

  std::unique_ptr<icu::RegexMatcher> match(const icu::UnicodeString& subject) const;
  void check(UErrorCode status) const;
};

std::unique_ptr<icu::RegexMatcher> Regex::State::match(const icu::UnicodeString& subject) const {
  UErrorCode status = U_ZERO_ERROR;
  std::unique_ptr<icu::RegexMatcher> matcher(pattern->matcher(subject, status));
  if (matcher) {
    matcher->setTimeLimit(kStepLimit, status);
    matcher->setStackLimit(kBacktrackBytes, status);
  }
  check(status);
  return matcher;
}

void Regex::State::check(UErrorCode status) const {
  if (U_SUCCESS(status)) return;
  std::string what = "the regular expression '" + text + "' ";
  what += status == U_REGEX_TIME_OUT || status == U_REGEX_STACK_OVERFLOW
              ? "takes too long to match; avoid repetitions inside repetitions"
              : std::string("fails: ") + u_errorName(status);
  throw Error(ErrorCode::kInvalidConfig, what);
}

Regex::Regex(std::string_view pattern) : state_(std::make_unique<State>()) {
  if (pattern.size() > kLongestPattern) {
    throw Error(ErrorCode::kInvalidConfig, "a regular expression is longer than 16 KiB");
  }
  state_->text = pattern;
  UErrorCode status = U_ZERO_ERROR;
  UParseError where{};
  state_->pattern.reset(icu::RegexPattern::compile(wide(pattern), 0, where, status));
  if (U_FAILURE(status)) {
    throw Error(ErrorCode::kInvalidConfig,
                "the regular expression '" + state_->text + "' is wrong at character " +
                    std::to_string(std::max(where.offset, 0)) + " (" + u_errorName(status) + ")");
  }
  state_->groups = state_->match(icu::UnicodeString())->groupCount();
}

Regex::~Regex() = default;
Regex::Regex(Regex&&) noexcept = default;
Regex& Regex::operator=(Regex&&) noexcept = default;

bool Regex::search(std::string_view text) const {
  icu::UnicodeString subject = wide(text);
  auto matcher = state_->match(subject);
  UErrorCode status = U_ZERO_ERROR;
  bool found = matcher->find(status) != 0;
  state_->check(status);
  return found;
}

std::string Regex::replace_all(std::string_view text, std::string_view replacement) const {
  check_template(replacement);
  icu::UnicodeString subject = wide(text);
  auto matcher = state_->match(subject);
  UErrorCode status = U_ZERO_ERROR;
  std::string result;
  std::int32_t done = 0;
  auto keep = [&](std::int32_t end) {
    subject.tempSubStringBetween(done, end).toUTF8String(result);
  };
  while (matcher->find(status) != 0 && U_SUCCESS(status)) {
    keep(matcher->start(status));
    for (std::size_t i = 0; i < replacement.size(); ++i) {
      if (replacement[i] != '$' || !is_group(replacement, i)) {
        result.push_back(replacement[i]);
        continue;
      }
      matcher->group(replacement[++i] - '0', status).toUTF8String(result);
    }
    done = matcher->end(status);
  }
  state_->check(status);
  keep(subject.length());
  return result;
}

void Regex::check_template(std::string_view replacement) const {
  for (std::size_t i = 0; i < replacement.size(); ++i) {
    if (replacement[i] != '$' || !is_group(replacement, i)) continue;
    int group = replacement[i + 1] - '0';
    if (group <= state_->groups) continue;
    throw Error(ErrorCode::kInvalidConfig,
                "the replacement '" + std::string(replacement) + "' uses $" +
                    std::to_string(group) + ", but the regular expression '" + state_->text +
                    "' has " + std::to_string(state_->groups) + " groups");
  }
}

bool wildcard_match(std::string_view filter, std::string_view name) {
  while (true) {
    std::size_t comma = filter.find(',');
    std::string_view pattern = trim(filter.substr(0, comma));
    if (!pattern.empty() && wildcard_match_one(pattern, name)) return true;
    if (comma == std::string_view::npos) return false;
    filter.remove_prefix(comma + 1);
  }
}

}  // namespace gantry
