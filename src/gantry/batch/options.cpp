#include "gantry/batch/options.hpp"

#include <fmt/format.h>

#include "gantry/base/error.hpp"

namespace gantry::batch {
namespace {

constexpr int kMostConcurrency = 20;
constexpr int kLargestBatch = 100;
constexpr std::chrono::milliseconds kShortestTimeout{1'000};
constexpr std::chrono::milliseconds kLongestTimeout{60'000};

void require(bool holds, std::string_view option, std::int64_t value, std::string_view expected) {
  if (holds) return;
  throw Error(ErrorCode::kUsage,
              fmt::format("batch option '{}' is {}, expected {}", option, value, expected));
}

void check_limits(const BatchOptions& options) {
  require(options.concurrency >= 1 && options.concurrency <= kMostConcurrency, "concurrency",
          options.concurrency, fmt::format("1 to {}", kMostConcurrency));
  require(options.batch_size >= 1 && options.batch_size <= kLargestBatch, "batch_size",
          options.batch_size, fmt::format("1 to {}", kLargestBatch));
  require(options.timeout >= kShortestTimeout && options.timeout <= kLongestTimeout, "timeout",
          options.timeout.count(),
          fmt::format("{} to {} ms", kShortestTimeout.count(), kLongestTimeout.count()));
}

void check_signs(const BatchOptions& options) {
  require(options.concurrency >= 0, "concurrency", options.concurrency, "0 (no bound) or more");
  require(options.batch_size >= 1, "batch_size", options.batch_size, "1 or more");
  require(options.timeout.count() >= 0, "timeout", options.timeout.count(), "0 ms (none) or more");
}

}  // namespace

BatchOptions BatchOptions::unbounded() {
  BatchOptions options;
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
  require(options.item_timeout.count() >= 0, "item_timeout", options.item_timeout.count(),
          "0 ms (none) or more");
  require(options.stale_while_revalidate.count() >= 0, "stale_while_revalidate",
          options.stale_while_revalidate.count(), "0 or more");
  require(options.stale_if_error.count() >= 0, "stale_if_error", options.stale_if_error.count(),
          "0 or more");
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
