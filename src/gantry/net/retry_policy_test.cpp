#include "gantry/net/retry_policy.hpp"

#include <gtest/gtest.h>

namespace gantry::net {
namespace {

using namespace std::chrono_literals;

const Error kAgain = Error(ErrorCode::kServer, "it broke").with(Retry::kSameRequest);

TEST(RetryPolicy, DoublesTheCeilingUpToTheLongestDelay) {
  RetryPolicy policy{.max_retries = 10};
  EXPECT_EQ(policy.next_delay(0, kAgain, 0.5), 500ms);
  EXPECT_EQ(policy.next_delay(1, kAgain, 0.5), 1'000ms);
  EXPECT_EQ(policy.next_delay(3, kAgain, 0.5), 4'000ms);
  EXPECT_EQ(policy.next_delay(5, kAgain, 0.5), 15'000ms);
  EXPECT_EQ(policy.next_delay(9, kAgain, 0.5), 15'000ms);
  EXPECT_EQ(policy.next_delay(9, kAgain, 0.0), 0ms);
}

TEST(RetryPolicy, GivesUpAfterItsRetries) {
  RetryPolicy policy;
  EXPECT_TRUE(policy.next_delay(3, kAgain, 0.1));
  EXPECT_FALSE(policy.next_delay(4, kAgain, 0.1));
  RetryPolicy never{.max_retries = 0};
  EXPECT_FALSE(never.next_delay(0, kAgain, 0.1));
}

TEST(RetryPolicy, NeverRepeatsWhatRepeatingCannotMend) {
  EXPECT_FALSE(RetryPolicy().next_delay(0, Error(ErrorCode::kNotFound, "gone"), 0.1));
}

TEST(RetryPolicy, WhatTheServerAsksForIsAFloor) {
  RetryPolicy policy{.max_retries = 1, .longest_delay = 2'000ms};
  EXPECT_EQ(policy.next_delay(0, kAgain, 0.0, 90s), 90s);
  EXPECT_EQ(policy.next_delay(0, kAgain, 0.5, 90s), 90'500ms);
}

TEST(RetryableStatus, IsTheFivePassingOnesOnly) {
  for (int status : {500, 502, 503, 504}) EXPECT_TRUE(is_retryable_status(status)) << status;
  for (int status : {200, 301, 400, 401, 403, 404, 413, 429, 501, 505}) {
    EXPECT_FALSE(is_retryable_status(status)) << status;
  }
}

}  // namespace
}  // namespace gantry::net
