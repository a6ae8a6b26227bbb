// The words and shapes that several sections of a configuration share.
//
// Every section keeps the place of its key in `position`, so that later stages can name it in their
// own errors; a line of 0 means that the section is not written in the file and holds defaults.
// Paths are texts as written: absolute, or relative to the working directory.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "gantry/base/error.hpp"
#include "gantry/base/text_case.hpp"

namespace gantry::config {

enum class IconFormat { kPdf, kSvg };
enum class ImageFormat { kSvg, kPng, kWebp };
enum class SourceFormat { kPng, kSvg };
enum class OutputFormat { kPng, kHeic };
enum class Encoding { kLossy, kLossless };
enum class RenderMode { kDefault, kTemplate, kOriginal };
enum class ComposeFormat { kResourceReference, kImageVector };
enum class GroupingStrategy { kNone, kPrefix, kCustom };
enum class OnConflict { kAbort, kContinue };
enum class Plan { kProfessional, kOrganization, kEnterprise, kView };

using Seconds = std::chrono::duration<double>;

// A whole number, or the word auto: Gantry finds it.
struct NumberOrAuto {
  int number = 0;
  bool is_auto = false;

  bool operator==(const NumberOrAuto&) const = default;
};

enum class Form {
  kAbsent,  // not written
  kSingle,  // one mapping: what to read from Figma stands in `common`
  kList,    // a list of mappings: each entry names its own source
};

// What stands under `colors`, `icons` or `images` of a platform.
template <class Entry>
struct Sections {
  SourcePosition position;
  Form form = Form::kAbsent;
  std::vector<Entry> entries;  // exactly one if kSingle; may be empty if kList
};

// Colours that are variables of Figma: one collection and the modes to take from it.
struct VariablesColors {
  SourcePosition position;
  std::string tokens_file_id;
  std::string tokens_collection_name;
  std::string light_mode_name;
  std::optional<std::string> dark_mode_name;
  std::optional<std::string> light_hc_mode_name;
  std::optional<std::string> dark_hc_mode_name;
  std::optional<std::string> primitives_mode_name;
  std::optional<std::string> name_validate_regexp;
  std::optional<std::string> name_replace_regexp;
};

struct WebpOptions {
  SourcePosition position;
  Encoding encoding = Encoding::kLossy;
  int quality = 90;  // percent
};

}  // namespace gantry::config
