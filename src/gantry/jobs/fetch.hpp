// Files of one Figma frame, without a configuration: the bytes as Figma serves them.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "gantry/design/asset.hpp"
#include "gantry/jobs/engine.hpp"
#include "gantry/jobs/result.hpp"

namespace gantry::jobs {

struct FetchOptions {
  std::string file_key;
  std::string frame_name;
  std::optional<std::string> page_name;
  std::filesystem::path output;
  figma::RenderOptions render;
  std::optional<std::string> filter;
  design::NameRules names;
  output::Mode mode = output::Mode::kPublish;
  bool fail_fast = false;
};

// Publishes the good files even where some fail; those are in the result. What concerns all is in
// its error. Never throws.
async::awaitable<JobResult> run_fetch(Engine& engine, FetchOptions options,
                                      batch::JobContext context);

}  // namespace gantry::jobs
