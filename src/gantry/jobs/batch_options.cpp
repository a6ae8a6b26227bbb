#include "gantry/jobs/batch_options.hpp"

namespace gantry::jobs {
namespace {

batch::Grouping grouping_of(config::GroupingStrategy strategy) {
  switch (strategy) {
    case config::GroupingStrategy::kNone:
      return batch::Grouping::kNone;
    case config::GroupingStrategy::kPrefix:
      return batch::Grouping::kPrefix;
    case config::GroupingStrategy::kCustom:
      return batch::Grouping::kCustom;
  }
  return batch::Grouping::kPrefix;
}

}  // namespace

batch::BatchOptions batch_options(const config::BatchSettings& settings) {
  batch::BatchOptions options;
  options.concurrency = settings.default_concurrency;
  options.optimizations = settings.enable_optimizations;
  options.grouping = grouping_of(settings.grouping_strategy);
  options.batch_size = settings.max_batch_size;
  options.timeout = std::chrono::milliseconds(settings.timeout_ms);
  options.deduplication = settings.deduplication;
  return options;
}

}  // namespace gantry::jobs
