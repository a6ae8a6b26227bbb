// The words that stand for enumerators in a configuration. A new enumeration needs one overload.
#pragma once

#include <array>
#include <string_view>
#include <utility>

#include "gantry/config/values.hpp"

namespace gantry::config {

template <class Enum, std::size_t kCount>
using Words = std::array<std::pair<std::string_view, Enum>, kCount>;

constexpr Words<NameStyle, 5> words_of(NameStyle) {
  return {{{"camelCase", NameStyle::kCamelCase},
           {"snake_case", NameStyle::kSnakeCase},
           {"PascalCase", NameStyle::kPascalCase},
           {"kebab-case", NameStyle::kKebabCase},
           {"SCREAMING_SNAKE_CASE", NameStyle::kScreamingSnakeCase}}};
}
constexpr Words<IconFormat, 2> words_of(IconFormat) {
  return {{{"pdf", IconFormat::kPdf}, {"svg", IconFormat::kSvg}}};
}
constexpr Words<ImageFormat, 3> words_of(ImageFormat) {
  return {{{"svg", ImageFormat::kSvg}, {"png", ImageFormat::kPng}, {"webp", ImageFormat::kWebp}}};
}
constexpr Words<SourceFormat, 2> words_of(SourceFormat) {
  return {{{"png", SourceFormat::kPng}, {"svg", SourceFormat::kSvg}}};
}
constexpr Words<OutputFormat, 2> words_of(OutputFormat) {
  return {{{"png", OutputFormat::kPng}, {"heic", OutputFormat::kHeic}}};
}
constexpr Words<Encoding, 2> words_of(Encoding) {
  return {{{"lossy", Encoding::kLossy}, {"lossless", Encoding::kLossless}}};
}
constexpr Words<RenderMode, 3> words_of(RenderMode) {
  return {{{"default", RenderMode::kDefault},
           {"template", RenderMode::kTemplate},
           {"original", RenderMode::kOriginal}}};
}
constexpr Words<ComposeFormat, 2> words_of(ComposeFormat) {
  return {{{"resourceReference", ComposeFormat::kResourceReference},
           {"imageVector", ComposeFormat::kImageVector}}};
}
constexpr Words<Plan, 4> words_of(Plan) {
  return {{{"professional", Plan::kProfessional},
           {"organization", Plan::kOrganization},
           {"enterprise", Plan::kEnterprise},
           {"view", Plan::kView}}};
}

constexpr Words<OnConflict, 2> words_of(OnConflict) {
  return {{{"abort", OnConflict::kAbort}, {"continue", OnConflict::kContinue}}};
}
constexpr Words<GroupingStrategy, 3> words_of(GroupingStrategy) {
  return {{{"none", GroupingStrategy::kNone},
           {"prefix", GroupingStrategy::kPrefix},
           {"custom", GroupingStrategy::kCustom}}};
}

template <class T>
concept Enumerated = requires(T value) { words_of(value); };

// A section: a struct whose keys a describe() lists.
template <class T>
concept Section = requires(T section) { section.position; };

}  // namespace gantry::config
