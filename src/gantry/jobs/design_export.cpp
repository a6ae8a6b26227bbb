#include "gantry/jobs/design_export.hpp"

#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "gantry/jobs/icons_export.hpp"

namespace gantry::jobs {
namespace {

template <class Entry>
bool is_set(const config::Sections<Entry>& sections) {
  return !sections.entries.empty();
}

// The sections that are in the configuration and not in this version.
std::vector<std::string> not_yet_exported(const config::Config& config) {
  std::vector<std::string> names;
  auto note = [&names](bool is_there, const char* name) {
    if (is_there) names.emplace_back(name);
  };
  if (config.ios) {
    note(is_set(config.ios->colors), "ios.colors");
    note(is_set(config.ios->icons), "ios.icons");
    note(is_set(config.ios->images), "ios.images");
    note(config.ios->typography.has_value(), "ios.typography");
  }
  if (config.android) {
    note(is_set(config.android->colors), "android.colors");
    note(is_set(config.android->icons), "android.icons");
    note(is_set(config.android->images), "android.images");
    note(config.android->typography.has_value(), "android.typography");
  }
  if (config.flutter) {
    note(is_set(config.flutter->colors), "flutter.colors");
    note(is_set(config.flutter->icons), "flutter.icons");
    note(is_set(config.flutter->images), "flutter.images");
  }
  if (config.web) {
    note(is_set(config.web->colors), "web.colors");
    note(is_set(config.web->images), "web.images");
  }
  return names;
}

std::string joined(const std::vector<std::string>& names) {
  return fmt::format("{}", fmt::join(names, ", "));
}

async::awaitable<void> export_all(Engine& engine, const DesignJob& job, JobOptions options,
                                  batch::JobContext context, JobResult& result) {
  const config::Config& config = job.config->config;
  for (const config::Warning& warning : job.config->warnings) {
    context.progress->warning(context.name, warning.to_string());
  }
  std::vector<std::string> left_out = not_yet_exported(config);
  bool has_icons = config.web && is_set(config.web->icons);
  if (!has_icons) {
    throw Error(
        ErrorCode::kUnsupported,
        left_out.empty()
            ? "there is nothing to export"
            : "this version exports web.icons only, and the configuration has " + joined(left_out));
  }
  if (!left_out.empty()) {
    context.progress->warning(context.name,
                              "this version exports web.icons only; left out: " + joined(left_out));
  }
  for (std::size_t entry = 0; entry < config.web->icons.entries.size(); ++entry) {
    std::string id = job.path.generic_string() + "#web.icons";
    if (config.web->icons.form == config::Form::kList) id += fmt::format("[{}]", entry);
    KindResult icons =
        co_await export_web_icons(engine, config, entry, std::move(id), options, context);
    bool stop = options.fail_fast && !icons.failures.empty();
    result.kinds.push_back(std::move(icons));
    if (stop) co_return;
  }
}

}  // namespace

async::awaitable<JobResult> run_design_job(Engine& engine, const DesignJob& job, JobOptions options,
                                           batch::JobContext context) {
  JobResult result;
  result.name = job.name;
  result.path = job.path.string();
  async::TimePoint started = engine.clock().now();
  context.progress->job_started(context.name);
  try {
    if (!job.config) throw job.config.error();
    co_await export_all(engine, job, std::move(options), context, result);
  } catch (...) {
    result.error = current_error();
  }
  result.duration =
      std::chrono::duration_cast<std::chrono::milliseconds>(engine.clock().now() - started);
  context.progress->job_finished(context.name, result.succeeded() ? "done" : "failed");
  co_return result;
}

}  // namespace gantry::jobs
