// How long things took, as a distribution: fixed memory, a few nanoseconds a value, percentiles
// right to a sixteenth.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <chrono>
#include <cmath>
#include <cstdint>

namespace gantry::batch {

class Histogram {
 public:
  using Duration = std::chrono::nanoseconds;

  void add(Duration value) {
    std::uint64_t nanoseconds = value.count() < 0 ? 0 : static_cast<std::uint64_t>(value.count());
    ++counts_[bucket_of(nanoseconds)];
    ++count_;
    sum_ += nanoseconds;
    largest_ = std::max(largest_, nanoseconds);
  }

  std::uint64_t count() const { return count_; }
  Duration sum() const { return Duration(sum_); }

  // The time that so great a share (0 to 1) of the values did not exceed; zero if there are none.
  Duration percentile(double share) const {
    auto wanted = static_cast<std::uint64_t>(std::ceil(share * static_cast<double>(count_)));
    std::uint64_t seen = 0;
    for (std::size_t bucket = 0; bucket < kBuckets; ++bucket) {
      seen += counts_[bucket];
      if (seen > 0 && seen >= wanted) {
        return Duration(std::min(largest_, upper_bound_of(bucket)));
      }
    }
    return Duration(0);
  }

  // How many values were at most so long, to the precision of a bucket: for cumulative histograms.
  std::uint64_t at_most(Duration bound) const {
    std::uint64_t seen = 0;
    for (std::size_t bucket = 0; bucket < kBuckets; ++bucket) {
      if (upper_bound_of(bucket) > static_cast<std::uint64_t>(bound.count())) break;
      seen += counts_[bucket];
    }
    return seen;
  }

 private:
  // Sixteen buckets for each power of two.
  static constexpr unsigned kBits = 4;
  static constexpr std::size_t kBuckets = (64 - kBits + 1) << kBits;

  static std::size_t bucket_of(std::uint64_t value) {
    if (value < (1U << kBits)) return static_cast<std::size_t>(value);
    auto exponent = static_cast<unsigned>(std::bit_width(value)) - 1 - kBits;
    return (std::size_t{exponent} << kBits) + static_cast<std::size_t>(value >> exponent);
  }
  // The largest value of a bucket.
  static std::uint64_t upper_bound_of(std::size_t bucket) {
    if (bucket < (2U << kBits)) return bucket;
    std::size_t exponent = (bucket >> kBits) - 1;
    std::uint64_t mantissa = (bucket & ((1U << kBits) - 1)) + (1U << kBits);
    return ((mantissa + 1) << exponent) - 1;
  }

  std::array<std::uint64_t, kBuckets> counts_{};
  std::uint64_t count_ = 0;
  std::uint64_t sum_ = 0;
  std::uint64_t largest_ = 0;
};

}  // namespace gantry::batch
