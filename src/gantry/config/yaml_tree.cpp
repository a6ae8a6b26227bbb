#include "gantry/config/yaml_tree.hpp"

#include <algorithm>
#include <array>
#include <istream>
#include <streambuf>
#include <unordered_map>
#include <utility>

#include <fmt/format.h>
#include <unicode/utf8.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

namespace gantry::config {
namespace {

// The parser keeps all of a list in brackets in memory, at 240 bytes for one of the file, before it
// tells of its first value. So there must be a value in every so many bytes.
constexpr std::size_t kMaxSilence = 128UL * 1024;

// Builds the tree from the parser's events, so that a bomb is refused before it is in memory.
class Builder final : public YAML::EventHandler {
 public:
  explicit Builder(std::string_view file_name) : file_name_(file_name) {}

  YamlTree take() { return std::move(tree_); }

  // To be called for bytes that the parser is about to read.
  void reading(std::size_t bytes) {
    silence_ += bytes;
    if (silence_ <= kMaxSilence) return;
    fail(last_, ErrorCode::kTooLarge,
         fmt::format("no value in the next {} bytes, or brackets that are not closed in them",
                     kMaxSilence));
  }

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (tree_.root != nullptr) {
      fail(mark, ErrorCode::kInvalidConfig,
           "a second document begins here, expected one configuration in a file");
    }
  }
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    finish(make(Value::Kind::kNull, mark), anchor, mark);
  }
  void OnScalar(const YAML::Mark& mark, const std::string& /*tag*/, YAML::anchor_t anchor,
                const std::string& text) override {
    Value& value = make(Value::Kind::kText, mark);
    value.text = text;
    finish(value, anchor, mark);
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    auto found = anchored_.find(anchor);
    if (found == anchored_.end()) {
      fail(mark, ErrorCode::kInvalidConfig, "an alias stands inside the value that it names");
    }
    attach(*found->second, mark);
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& /*tag*/, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value /*style*/) override {
    open(Value::Kind::kList, mark, anchor);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& /*tag*/, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value /*style*/) override {
    open(Value::Kind::kMapping, mark, anchor);
  }
  void OnMapEnd() override { close(); }

 private:
  struct Open {
    Value* value;
    YAML::anchor_t anchor;
    YAML::Mark mark;
  };

  [[noreturn]] void fail(const YAML::Mark& mark, ErrorCode code, std::string message) const {
    throw Error(code, std::move(message))
        .at(SourcePosition{file_name_, mark.line + 1, mark.column + 1});
  }

  Value& make(Value::Kind kind, const YAML::Mark& mark) {
    silence_ = 0;
    last_ = mark;
    if (tree_.values.size() >= kMaxValues) fail_size(mark);
    Value& value = tree_.values.emplace_back();
    value.kind = kind;
    value.line = mark.line + 1;
    value.column = mark.column + 1;
    return value;
  }

  void open(Value::Kind kind, const YAML::Mark& mark, YAML::anchor_t anchor) {
    if (open_.size() >= kMaxNesting) fail_nesting(mark);
    open_.push_back({&make(kind, mark), anchor, mark});
  }

  void close() {
    Open closed = open_.back();
    open_.pop_back();
    finish(*closed.value, closed.anchor, closed.mark);
  }

  // From here on an alias may name the value.
  void finish(const Value& value, YAML::anchor_t anchor, const YAML::Mark& mark) {
    if (anchor != YAML::NullAnchor) anchored_[anchor] = &value;
    attach(value, mark);
  }

  void attach(const Value& value, const YAML::Mark& mark) {
    if (open_.empty()) {
      tree_.root = &value;
      return;
    }
    Value& parent = *open_.back().value;
    parent.items.push_back(&value);
    parent.nesting = std::max(parent.nesting, value.nesting + 1);
    parent.size += value.size;
    if (parent.nesting > kMaxNesting) fail_nesting(mark);
    if (parent.size > kMaxValues) fail_size(mark);
  }

  [[noreturn]] void fail_nesting(const YAML::Mark& mark) const {
    fail(mark, ErrorCode::kTooLarge, fmt::format("nested deeper than {} levels", kMaxNesting));
  }
  [[noreturn]] void fail_size(const YAML::Mark& mark) const {
    fail(mark, ErrorCode::kTooLarge,
         fmt::format("more than {} values, those of aliases included", kMaxValues));
  }

  std::string file_name_;
  std::size_t silence_ = 0;  // bytes read since the last value
  YAML::Mark last_;
  YamlTree tree_;
  std::vector<Open> open_;
  std::unordered_map<YAML::anchor_t, const Value*> anchored_;
};

// Feeds the parser piece by piece, so that the builder can stop it.
class Feed final : public std::streambuf {
 public:
  Feed(std::string_view text, Builder& builder) : rest_(text), builder_(builder) {}

 protected:
  int_type underflow() override {
    std::size_t count = std::min(rest_.size(), piece_.size());
    if (count == 0) return traits_type::eof();
    builder_.reading(count);
    rest_.copy(piece_.data(), count);
    rest_.remove_prefix(count);
    setg(piece_.data(), piece_.data(), piece_.data() + count);
    return traits_type::to_int_type(piece_.front());
  }

 private:
  std::string_view rest_;
  Builder& builder_;
  std::array<char, 4096> piece_;
};

void check_utf8(std::string_view text, std::string_view file_name) {
  auto length = static_cast<std::int32_t>(text.size());
  std::int32_t offset = 0;
  int line = 1;
  while (offset < length) {
    UChar32 point = 0;
    U8_NEXT(text.data(), offset, length, point);
    if (point == '\n') ++line;
    if (point > 0) continue;
    throw Error(ErrorCode::kInvalidConfig,
                point == 0 ? "not a text file: it holds a NUL byte" : "not a text file in UTF-8")
        .at(SourcePosition{std::string(file_name), line, 0});
  }
}

}  // namespace

YamlTree parse_yaml(std::string_view text, std::string_view file_name) {
  SourcePosition start{std::string(file_name), 0, 0};
  if (text.size() > kMaxBytes) {
    throw Error(ErrorCode::kTooLarge, fmt::format("larger than {} bytes", kMaxBytes)).at(start);
  }
  check_utf8(text, file_name);
  Builder builder(file_name);
  try {
    Feed feed(text, builder);
    std::istream stream(&feed);
    YAML::Parser parser(stream);
    while (parser.HandleNextDocument(builder)) {
    }
  } catch (const YAML::Exception& error) {
    if (!error.mark.is_null()) {
      start.line = error.mark.line + 1;
      start.column = error.mark.column + 1;
    }
    throw Error(ErrorCode::kInvalidConfig, "not valid YAML: " + error.msg).at(start);
  }
  return builder.take();
}

}  // namespace gantry::config
