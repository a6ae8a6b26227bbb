#include "gantry/jobs/design_export.hpp"

#include <algorithm>
#include <functional>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "gantry/async/for_each.hpp"
#include "gantry/jobs/icons_export.hpp"
#include "gantry/jobs/version.hpp"

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

// Everything that decides what is written besides the remote files.
Digest made_by(const DesignJob& job, const std::string& id, const std::filesystem::path& root) {
  return sha256(fmt::format("{}\n{}\n{}\n{}", kVersion, job.config->digest.hex(), id,
                            std::filesystem::absolute(root).lexically_normal().string()));
}

}  // namespace

DesignExport::DesignExport(Engine& engine, const DesignJob& job, JobOptions options,
                           batch::JobContext context, async::TimePoint run_began)
    : engine_(engine),
      job_(job),
      options_(std::move(options)),
      context_(std::move(context)),
      run_began_(run_began) {
  result_.name = job.name;
  result_.path = job.path.string();
}

std::chrono::milliseconds DesignExport::now() const {
  return std::chrono::duration_cast<std::chrono::milliseconds>(engine_.clock().now() - run_began_);
}

void DesignExport::begin_phase(const std::string& phase) {
  std::chrono::milliseconds time = now();
  if (!result_.phases.empty()) result_.phases.back().second.end = time;
  result_.phases.emplace_back(phase, Span{time, time});
}

void DesignExport::close(JobResult& result, std::optional<Error> error) const {
  if (!result.phases.empty()) result.phases.back().second.end = now();
  result.error = std::move(error);
  for (const auto& entry : entries_) result.kinds.push_back(entry->result());
  for (const auto& [phase, span] : result.phases) {
    if (phase != "waiting") result.duration += span.end - span.begin;
  }
}

void DesignExport::end(std::optional<Error> error) {
  if (ended_) return;
  ended_ = true;
  close(result_, std::move(error));
  context_.progress->job_finished(context_.name, result_.succeeded(), result_.outcome());
}

bool DesignExport::is_over() const {
  return ended_ || std::all_of(entries_.begin(), entries_.end(),
                               [](const auto& entry) { return entry->is_over(); });
}

std::vector<PlannedOutput> DesignExport::outputs() const {
  std::vector<PlannedOutput> outputs;
  if (ended_) return outputs;
  for (const auto& entry : entries_) {
    if (entry->is_over()) continue;
    outputs.push_back({entry->kind().root(), entry->kind().paths()});
  }
  return outputs;
}

async::awaitable<void> DesignExport::plan_all() {
  if (!job_.config) throw job_.config.error();
  const config::Config& config = job_.config->config;
  for (const config::Warning& warning : job_.config->warnings) {
    context_.progress->warning(context_.name, warning.to_string());
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
    context_.progress->warning(
        context_.name, "this version exports web.icons only; left out: " + joined(left_out));
  }
  for (std::size_t entry = 0; entry < config.web->icons.entries.size(); ++entry) {
    std::string id = job_.path.generic_string() + "#web.icons";
    if (config.web->icons.form == config::Form::kList) id += fmt::format("[{}]", entry);
    auto icons = web_icons_export(engine_, config, entry, options_, context_);
    Digest made = made_by(job_, id, icons->root());
    entries_.push_back(std::make_unique<EntryExport>(engine_, std::move(icons), std::move(id), made,
                                                     options_, context_));
  }
  std::function<async::awaitable<void>(std::size_t)> body = [this](std::size_t entry) {
    return entries_[entry]->plan();
  };
  co_await async::for_each(entries_.size(), entries_.size(), std::move(body));
}

async::awaitable<void> DesignExport::plan() {
  context_.progress->job_started(context_.name);
  begin_phase("listing");
  context_.progress->job_advanced(context_.name, "listing", 0, 0);
  std::optional<Error> failure;
  try {
    co_await plan_all();
  } catch (...) {
    failure = current_error();
  }
  if (failure || is_over()) {
    end(std::move(failure));
  } else {
    begin_phase("waiting");
    context_.progress->job_advanced(context_.name, "waiting", 0, 0);
  }
}

async::awaitable<void> DesignExport::prepare() {
  if (ended_) co_return;
  for (const auto& entry : entries_) {
    if (!entry->is_over()) co_await entry->kind().prepare();
  }
}

void DesignExport::ask_ahead(async::TaskScope& asking, batch::Priority priority) {
  for (const auto& entry : entries_) {
    if (!entry->is_over()) entry->kind().ask_ahead(asking, priority);
  }
}

async::awaitable<void> DesignExport::execute(async::TaskScope& asking) {
  if (ended_) co_return;
  std::optional<Error> failure;
  try {
    ask_ahead(asking, context_.priority);
    for (const auto& entry : entries_) {
      if (entry->is_over()) continue;
      begin_phase("downloading");
      co_await entry->produce();
      begin_phase("writing");
      context_.progress->job_advanced(context_.name, "writing", 0, 1);
      co_await entry->publish();
      if (options_.fail_fast && !entry->result().failures.empty()) break;
    }
  } catch (...) {
    failure = current_error();
  }
  end(std::move(failure));
}

void DesignExport::give_up(const Error& reason) { end(reason); }

JobResult DesignExport::result() const {
  JobResult result = result_;
  net::TrafficCounts counts = engine_.traffic(context_.lane);
  result.costs.calls_paid = counts.api_calls;
  result.costs.calls_shared = counts.shared_calls;
  result.costs.retries = counts.retries;
  result.costs.downloads = counts.requests - counts.api_calls;
  result.costs.bytes = counts.bytes;
  for (const auto& entry : entries_) result.costs.cache_hits += entry->kind().stored();
  return result;
}

JobResult DesignExport::result_if_stopped(const Error& reason) const {
  JobResult result = this->result();
  if (!ended_) close(result, reason);
  return result;
}

}  // namespace gantry::jobs
