// A configuration of Gantry: what to export from Figma and where to, read from YAML.
//
// The keys are those of figma-export and ExFig 1.x plus Gantry's own; docs/configuration.md lists
// them all. One table of keys drives decoding, the warnings about unknown keys and the schema.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "gantry/base/hash.hpp"
#include "gantry/config/android.hpp"
#include "gantry/config/common.hpp"
#include "gantry/config/flutter.hpp"
#include "gantry/config/ios.hpp"
#include "gantry/config/web.hpp"

namespace gantry::config {

struct Config {
  SourcePosition position;
  Figma figma;
  Common common;
  RunSettings gantry;
  BatchSettings batch;
  std::optional<Ios> ios;
  std::optional<Android> android;
  std::optional<Flutter> flutter;
  std::optional<Web> web;
};

// Something that does not stop a run but is hardly meant, such as a key that nobody knows.
struct Warning {
  SourcePosition position;
  std::string message;

  // "web.yaml:14:5: unknown key ..."
  std::string to_string() const { return position.to_string() + ": " + message; }
};

struct Loaded {
  Config config;
  std::vector<Warning> warnings;  // in the order of the file
  Digest digest;                  // of the text
  // Where the keys stand that say how a run behaves, by path: those of `gantry` and `common.cache`,
  // and `figma.timeout`.
  std::map<std::string, SourcePosition> positions;
};

// Reads and decodes the file. kNotFound or kIo if it cannot be read, else as parse(). Blocks.
Loaded load(const std::filesystem::path& path);

// Decodes `text`; `file_name` is for positions only. Pure. kInvalidConfig with the position of the
// first fault and a line for each of the first hundred:
// "a.yaml:3:9: 'gantry.parallel' is '0', expected a whole number from 1 to 64".
// kTooLarge for more than 4 MiB, 50,000 values (aliases count as what they name), 64 levels, or
// 128 KiB without a value. Time and memory are bounded.
Loaded parse(std::string_view text, std::string_view file_name);

// To be called before colours are exported. kInvalidConfig if the configuration leaves open whether
// a single `colors` section reads the styles of common.colors or the variables of
// common.variablesColors; parse() only warns of it, for icons and images are not concerned.
void require_one_colors_source(const Config& config);

// The JSON Schema (2020-12) of a configuration, for editors: indented by 2, the same text for the
// same version of Gantry.
std::string json_schema();

}  // namespace gantry::config
