// The table of keys, part 1: `figma`, `common`, `gantry` and what the platforms share.
//
// describe(fields, section) names each key of a section once: its word, its member (whose initial
// value is the default), its meaning and its limits. `fields` is a Decoder or a SchemaFields.
#pragma once

#include "gantry/config/common.hpp"
#include "gantry/config/limits.hpp"

namespace gantry::config {

inline constexpr double kLongestTimeout = 3600;
inline constexpr double kDay = 86400;

template <class Fields, class Named>
void name_pattern_keys(Fields& fields, Named& x) {
  fields.optional("nameValidateRegexp", x.name_validate_regexp,
                  "Regular expression (ICU) that a name must match somewhere");
  fields.optional("nameReplaceRegexp", x.name_replace_regexp,
                  "What matches of nameValidateRegexp become; $1 is the first group");
}

template <class Fields, class Entry>
void entry_frame_keys(Fields& fields, Entry& x) {
  fields.list_only("figmaFrameName", x.figma_frame_name,
                   "Frame of Figma with the components; absent: that of common");
  fields.list_only("figmaPageName", x.figma_page_name,
                   "Page of Figma with the frame; absent: that of common");
}

template <class Fields, class Entry>
void entry_name_pattern_keys(Fields& fields, Entry& x) {
  fields.list_only("nameValidateRegexp", x.name_validate_regexp,
                   "Regular expression (ICU) that a name must match somewhere");
  fields.list_only("nameReplaceRegexp", x.name_replace_regexp,
                   "What matches of nameValidateRegexp become; $1 is the first group");
}

template <class Fields, class Entry>
void entry_icon_keys(Fields& fields, Entry& x) {
  entry_frame_keys(fields, x);
  fields.list_only("nameStyle", x.name_style, "Case of the names");
  entry_name_pattern_keys(fields, x);
}

template <class Fields>
void describe(Fields& fields, VariablesColors& x) {
  fields.required("tokensFileId", x.tokens_file_id, "File of Figma with the variables");
  fields.required("tokensCollectionName", x.tokens_collection_name, "Collection of the variables");
  fields.required("lightModeName", x.light_mode_name, "Mode with the light colors");
  fields.optional("darkModeName", x.dark_mode_name, "Mode with the dark colors");
  fields.optional("lightHCModeName", x.light_hc_mode_name,
                  "Mode with the light colors in high contrast");
  fields.optional("darkHCModeName", x.dark_hc_mode_name,
                  "Mode with the dark colors in high contrast");
  fields.optional("primitivesModeName", x.primitives_mode_name,
                  "Mode in which aliases to other collections are resolved; absent: their default");
  name_pattern_keys(fields, x);
}

template <class Fields>
void describe(Fields& fields, WebpOptions& x) {
  fields.required("encoding", x.encoding, "Encoding of WebP");
  fields.optional("quality", x.quality, "Quality in percent, for lossy", range(0, 100));
}

template <class Fields>
void describe(Fields& fields, Figma& x) {
  fields.optional(
      "lightFileId", x.light_file_id,
      "File key of the design, or of its light half; from the address figma.com/design/KEY");
  fields.optional("darkFileId", x.dark_file_id, "File with the same names in dark");
  fields.optional("lightHighContrastFileId", x.light_high_contrast_file_id,
                  "File with the light colors in high contrast");
  fields.optional("darkHighContrastFileId", x.dark_high_contrast_file_id,
                  "File with the dark colors in high contrast");
  fields.optional("timeout", x.timeout, "Seconds that an attempt of a request may take; absent: 30",
                  range(1, kLongestTimeout));
}

template <class Fields>
void describe(Fields& fields, Cache& x) {
  fields.optional("enabled", x.enabled, "Skip what has not changed in Figma since the last run");
  fields.optional("path", x.path, "File that remembers what was exported");
}

template <class Fields>
void describe(Fields& fields, CommonColors& x) {
  name_pattern_keys(fields, x);
  fields.optional("useSingleFile", x.use_single_file,
                  "All modes are in figma.lightFileId, told apart by suffix");
  fields.optional("darkModeSuffix", x.dark_mode_suffix, "Suffix of dark names in a single file");
  fields.optional("lightHCModeSuffix", x.light_hc_mode_suffix,
                  "Suffix of light names in high contrast in a single file");
  fields.optional("darkHCModeSuffix", x.dark_hc_mode_suffix,
                  "Suffix of dark names in high contrast in a single file");
}

template <class Fields, class Assets>
void common_asset_keys(Fields& fields, Assets& x) {
  fields.optional("figmaFrameName", x.figma_frame_name, "Frame of Figma with the components");
  fields.optional("figmaPageName", x.figma_page_name,
                  "Page of Figma with the frame; absent: frames of that name on all pages");
  name_pattern_keys(fields, x);
  fields.optional("useSingleFile", x.use_single_file,
                  "Dark components are in figma.lightFileId, told apart by suffix");
  fields.optional("darkModeSuffix", x.dark_mode_suffix, "Suffix of dark names in a single file");
}

template <class Fields>
void describe(Fields& fields, CommonIcons& x) {
  common_asset_keys(fields, x);
  fields.optional("strictPathValidation", x.strict_path_validation,
                  "Fail for path data that Android cannot load, instead of a warning");
}

template <class Fields>
void describe(Fields& fields, CommonImages& x) {
  common_asset_keys(fields, x);
}

template <class Fields>
void describe(Fields& fields, CommonTypography& x) {
  name_pattern_keys(fields, x);
}

template <class Fields>
void describe(Fields& fields, Common& x) {
  fields.optional("cache", x.cache, "What is remembered between runs");
  fields.optional("colors", x.colors, "Colors from the styles of figma.lightFileId");
  fields.optional("variablesColors", x.variables_colors,
                  "Colors from variables, for single colors sections; instead of colors");
  fields.optional("icons", x.icons, "Icons of single icons sections, and what lists do not say");
  fields.optional("images", x.images,
                  "Images of single images sections, and what lists do not say");
  fields.optional("typography", x.typography, "Names of text styles");
}

template <class Fields>
void describe(Fields& fields, BatchSettings& x) {
  fields.optional("defaultConcurrency", x.default_concurrency, "Upstream calls at a time",
                  range(1, 20));
  fields.optional("enableOptimizations", x.enable_optimizations,
                  "Whether one call may serve many keys; false: same values, more calls");
  fields.optional("groupingStrategy", x.grouping_strategy,
                  "What may share a call: nothing, keys with the same first two parts, or what the "
                  "command decides");
  fields.optional("maxBatchSize", x.max_batch_size, "Keys of one upstream call", range(1, 100));
  fields.optional("timeoutMs", x.timeout_ms,
                  "Milliseconds of a batch; what has not come then has failed",
                  range(1000, 60'000));
  fields.optional("deduplication", x.deduplication,
                  "Whether equal keys are asked for once; false: each is a request of its own");
}

template <class Fields>
void describe(Fields& fields, RunSettings& x) {
  fields.optional("parallel", x.parallel, "Configurations of a batch at once", range(1, 64));
  fields.optional("maxRetries", x.max_retries, "Retries of a failed request", range(0, 20));
  fields.optional("rateLimit", x.rate_limit, "Calls to the Figma API in a minute, of all kinds",
                  range(1, 100000));
  fields.optional("timeout", x.timeout,
                  "Seconds that an attempt of a request may take; beats figma.timeout",
                  range(1, kLongestTimeout));
  fields.optional("concurrentDownloads", x.concurrent_downloads,
                  "Downloads at once, for each parallel configuration; auto: as many in all as "
                  "serve best",
                  range(1, 256));
  fields.optional("failFast", x.fail_fast, "The first failure ends the run");
  fields.optional("plan", x.plan, "Plan and seat at Figma, from which the rate limits follow");
  fields.optional("maxWait", x.max_wait, "Seconds that a pause asked for by Figma may last",
                  range(0, kDay));
  fields.optional("cache", x.cache,
                  "Skip what has not changed since the last run; beats common.cache.enabled");
  fields.optional("granularCache", x.granular_cache,
                  "Of a file that has changed, fetch only drawings that look different");
  fields.optional("cachePath", x.cache_path, "File of the cache; absent: .gantry-cache.db");
  fields.optional("offline", x.offline,
                  "Answer from the cache and earlier downloads alone, and ask nobody");
  fields.optional("onConflict", x.on_conflict,
                  "What to do if two exports would write the same file; absent: ask");
  fields.optional("report", x.report, "File for a report of the run as JSON");
  fields.optional("reportHtml", x.report_html, "File for a report of the run as a page");
}

}  // namespace gantry::config
