// Reading what a Figma file publishes, the way every export begins: its version first, then its
// components.
#pragma once

#include <string>

#include "gantry/jobs/engine.hpp"

namespace gantry::jobs {

struct SourceFile {
  std::string key;
  std::string version;  // as it was before the components were read; empty: unknown
  figma::Components components;
};

// A version that cannot be had is a warning: then nothing is kept for a later run.
async::awaitable<SourceFile> read_source_file(Engine& engine, std::string file_key,
                                              batch::JobContext context);

}  // namespace gantry::jobs
