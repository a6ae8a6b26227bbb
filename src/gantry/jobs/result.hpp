// What became of a job: values that the summary and the reports are made of.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "gantry/base/error.hpp"
#include "gantry/output/commit.hpp"

namespace gantry::jobs {

// One kind of export of one job, such as the icons of a configuration.
struct KindResult {
  std::string kind;          // "icons"
  std::size_t exported = 0;  // assets, not files
  output::ChangeSet changes;
  std::vector<Error> failures;  // of single assets; nothing of the kind was published then
};

struct JobResult {
  std::string name;  // as people call it: "web.yaml"
  std::string path;
  std::vector<KindResult> kinds;
  std::optional<Error> error;  // why the job as a whole failed
  std::chrono::milliseconds duration{};

  bool succeeded() const;
  std::size_t failures() const;
  bool up_to_date() const;
};

// How a job is run.
struct JobOptions {
  output::Mode mode = output::Mode::kPublish;
  bool fail_fast = false;
  std::optional<std::string> filter;  // of raw names; the rest of the output stays as it is
  std::string lock_file = "gantry.lock";
};

}  // namespace gantry::jobs
