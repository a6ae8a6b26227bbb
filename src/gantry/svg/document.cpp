#include "gantry/svg/document.hpp"

#include <utility>

#include "gantry/base/error.hpp"
#include "gantry/svg/guard.hpp"
#include "gantry/svg/state.hpp"

namespace gantry::svg {
namespace {

// Everything is kept, so that what is written differs from what was read in the ids only.
constexpr unsigned kParseOptions = pugi::parse_default | pugi::parse_comments |
                                   pugi::parse_declaration | pugi::parse_pi | pugi::parse_ws_pcdata;

struct StringWriter : pugi::xml_writer {
  void write(const void* data, std::size_t size) override {
    text.append(static_cast<const char*>(data), size);
  }
  std::string text;
};

}  // namespace

Document::Document(std::unique_ptr<State> state) : state_(std::move(state)) {}
Document::~Document() = default;
Document::Document(Document&&) noexcept = default;
Document& Document::operator=(Document&&) noexcept = default;

Document Document::parse(std::string text) {
  check_text(text);
  auto state = std::make_unique<State>();
  state->original = std::move(text);
  pugi::xml_parse_result result = state->dom.load_buffer(
      state->original.data(), state->original.size(), kParseOptions, pugi::encoding_utf8);
  if (!result) {
    throw Error(ErrorCode::kBadResponse,
                std::string("not a well-formed SVG: ") + result.description());
  }
  check_content(*state);
  return Document(std::move(state));
}

std::string Document::text() const {
  if (!state_->changed) return state_->original;
  StringWriter writer;
  state_->dom.save(writer, "", pugi::format_raw | pugi::format_no_declaration, pugi::encoding_utf8);
  // The parser drops white space after the root.
  if (state_->original.ends_with('\n')) writer.text.push_back('\n');
  return std::move(writer.text);
}

}  // namespace gantry::svg
