// What became of a job: values that the summary and the reports are made of.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "gantry/base/error.hpp"
#include "gantry/output/commit.hpp"

namespace gantry::jobs {

// A stretch of a run, counted from its beginning.
struct Span {
  std::chrono::milliseconds begin{};
  std::chrono::milliseconds end{};
};

// Why one asset was not exported.
struct Failure {
  std::string component;  // as Figma calls it; empty: the failure is not of one component
  std::string file;       // key of the Figma file; empty: unknown
  Error error;
};

// An exported picture: what a gallery shows.
struct Picture {
  std::string name;       // "arrow_left"
  std::string path;       // of its file, as in a ChangeSet
  std::string dark_path;  // likewise; empty: there is none
};

// One kind of export of one job, such as the icons of a configuration.
struct KindResult {
  std::string kind;          // "icons"
  std::size_t exported = 0;  // assets, not files
  bool skipped = false;      // nothing has changed since the last run, so nothing was fetched
  output::ChangeSet changes;
  std::vector<Failure> failures;  // of single assets; nothing of the kind was published then
  std::vector<Picture> pictures;
  // What the files of pictures held before this run changed or removed them, by path; only if the
  // run was asked for it, and not more than JobOptions::keep_before.
  std::map<std::string, std::string> before;
};

// What a job has cost. Of a call that several jobs wanted, one has paid.
struct JobCosts {
  std::uint64_t calls_paid = 0;
  std::uint64_t calls_shared = 0;
  std::uint64_t retries = 0;
  std::uint64_t downloads = 0;
  std::uint64_t bytes = 0;       // of answers and downloads that it has paid for
  std::uint64_t cache_hits = 0;  // drawings that needed no download of this run
};

struct JobResult {
  std::string name;  // as people call it: "web.yaml"
  std::string path;
  std::vector<KindResult> kinds;
  std::optional<Error> error;  // why the job as a whole failed
  std::chrono::milliseconds duration{};
  // The phases that it went through, in order: "listing", "waiting", "downloading", "writing".
  std::vector<std::pair<std::string, Span>> phases;
  JobCosts costs;

  bool succeeded() const;
  std::size_t failures() const;
  bool up_to_date() const;
  // In one line: "500 icons", or why it failed.
  std::string outcome() const;
};

// How a job is run.
struct JobOptions {
  output::Mode mode = output::Mode::kPublish;
  bool fail_fast = false;
  std::optional<std::string> filter;  // of raw names; the rest of the output stays as it is
  std::string lock_file = "gantry.lock";
  bool force = false;             // export even if nothing has changed
  bool granular = false;          // draw anew only what looks otherwise than before
  std::uint64_t keep_before = 0;  // bytes of KindResult::before
};

}  // namespace gantry::jobs
