#include "gantry/batch/options.hpp"

#include <utility>

#include <fmt/format.h>

#include "gantry/base/error.hpp"

namespace gantry::batch {
namespace {

constexpr int kMostConcurrency = 20;
constexpr int kLargestBatch = 100;
constexpr std::chrono::milliseconds kShortestTimeout{1'000};
constexpr std::chrono::milliseconds kLongestTimeout{60'000};

[[noreturn]] void refuse(std::string_view option, std::int64_t value, std::string_view expected) {
  throw Error(ErrorCode::kUsage,
              fmt::format("batch option '{}' is {}, expected {}", option, value, expected));
}

// Nothing is formatted for what holds: every batch is checked.
void require_between(std::string_view option, std::int64_t value, std::int64_t least,
                     std::int64_t most, std::string_view unit = "") {
  if (value >= least && value <= most) return;
  refuse(option, value, fmt::format("{} to {}{}", least, most, unit));
}

void require_at_least(std::string_view option, std::int64_t value, std::int64_t least,
                      std::string_view expected) {
  if (value < least) refuse(option, value, expected);
}

void check_limits(const BatchOptions& options) {
  require_between("concurrency", options.concurrency, 1, kMostConcurrency);
  require_between("batch_size", options.batch_size, 1, kLargestBatch);
  require_between("timeout", options.timeout.count(), kShortestTimeout.count(),
                  kLongestTimeout.count(), " ms");
}

void check_signs(const BatchOptions& options) {
  require_at_least("concurrency", options.concurrency, 0, "0 (no bound) or more");
  require_at_least("batch_size", options.batch_size, 1, "1 or more");
  require_at_least("timeout", options.timeout.count(), 0, "0 ms (none) or more");
}

}  // namespace

BatchOptions BatchOptions::unbounded(JobContext job) {
  BatchOptions options;
  options.job = std::move(job);
  options.beyond_limits = true;
  options.concurrency = 0;
  options.timeout = std::chrono::milliseconds(0);
  return options;
}

void check(const BatchOptions& options) {
  if (options.beyond_limits) {
    check_signs(options);
  } else {
    check_limits(options);
  }
  require_at_least("item_timeout", options.item_timeout.count(), 0, "0 ms (none) or more");
  require_at_least("stale_while_revalidate", options.stale_while_revalidate.count(), 0,
                   "0 or more");
  require_at_least("stale_if_error", options.stale_if_error.count(), 0, "0 or more");
  if (options.grouping == Grouping::kCustom && !options.grouper) {
    throw Error(ErrorCode::kUsage,
                "batch option 'grouping' is custom, and there is no 'grouper' to group by");
  }
}

std::string_view prefix_of(std::string_view key) {
  std::size_t first = key.find(':');
  if (first == std::string_view::npos) return key;
  return key.substr(0, key.find(':', first + 1));
}

}  // namespace gantry::batch
