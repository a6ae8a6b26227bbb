// The sections of a configuration that hold for all platforms: `figma`, `common` and `gantry`.
#pragma once

#include "gantry/config/values.hpp"

namespace gantry::config {

// Which files of Figma are read.
struct Figma {
  SourcePosition position;
  std::optional<std::string> light_file_id;
  std::optional<std::string> dark_file_id;
  std::optional<std::string> light_high_contrast_file_id;
  std::optional<std::string> dark_high_contrast_file_id;
  std::optional<Seconds> timeout;
};

struct Cache {
  SourcePosition position;
  bool enabled = false;
  std::string path = ".exfig-cache.json";
};

// Colours that are styles of Figma.
struct CommonColors {
  SourcePosition position;
  std::optional<std::string> name_validate_regexp;
  std::optional<std::string> name_replace_regexp;
  bool use_single_file = false;
  std::string dark_mode_suffix = "_dark";
  std::string light_hc_mode_suffix = "_lightHC";
  std::string dark_hc_mode_suffix = "_darkHC";
};

struct CommonIcons {
  SourcePosition position;
  std::string figma_frame_name = "Icons";
  std::optional<std::string> figma_page_name;
  std::optional<std::string> name_validate_regexp;
  std::optional<std::string> name_replace_regexp;
  bool use_single_file = false;
  std::string dark_mode_suffix = "_dark";
  bool strict_path_validation = false;
};

struct CommonImages {
  SourcePosition position;
  std::string figma_frame_name = "Illustrations";
  std::optional<std::string> figma_page_name;
  std::optional<std::string> name_validate_regexp;
  std::optional<std::string> name_replace_regexp;
  bool use_single_file = false;
  std::string dark_mode_suffix = "_dark";
};

struct CommonTypography {
  SourcePosition position;
  std::optional<std::string> name_validate_regexp;
  std::optional<std::string> name_replace_regexp;
};

struct Common {
  SourcePosition position;
  Cache cache;
  CommonColors colors;
  std::optional<VariablesColors> variables_colors;
  CommonIcons icons;
  CommonImages images;
  CommonTypography typography;
};

// How keyed requests to a remote API are put together, where a command leaves that open.
struct BatchSettings {
  SourcePosition position;
  int default_concurrency = 5;  // calls at a time
  bool enable_optimizations = true;
  GroupingStrategy grouping_strategy = GroupingStrategy::kPrefix;
  int max_batch_size = 50;  // keys of one call
  int timeout_ms = 30'000;  // of a batch
  bool deduplication = true;
};

// How a run behaves. A flag or a variable of the environment beats what stands here.
struct RunSettings {
  SourcePosition position;
  std::optional<int> parallel;
  std::optional<int> max_retries;
  std::optional<int> rate_limit;  // calls in a minute
  std::optional<Seconds> timeout;
  std::optional<NumberOrAuto> concurrent_downloads;
  std::optional<bool> fail_fast;
  std::optional<Plan> plan;
  std::optional<Seconds> max_wait;
  std::optional<bool> cache;
  std::optional<bool> granular_cache;
  std::optional<std::string> cache_path;
  std::optional<bool> offline;
  std::optional<OnConflict> on_conflict;
  std::optional<std::string> report;
  std::optional<std::string> report_html;
};

}  // namespace gantry::config
