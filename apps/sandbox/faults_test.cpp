#include "apps/sandbox/faults.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "apps/sandbox/test_client.hpp"

namespace gantry::sandbox {
namespace {

double& percent_of(FaultOptions& options, Fault fault) {
  return options.percent.at(static_cast<std::size_t>(fault));
}

TEST(Faults, DependOnSeedAddressAndAttemptAlone) {
  FaultOptions options;
  percent_of(options, Fault::kReset) = 30;
  percent_of(options, Fault::kHtml) = 30;
  Faults first(options);
  Faults second(options);
  options.seed = 2;
  Faults other(options);
  int differing = 0;
  for (int i = 0; i < 200; ++i) {
    const auto address = fmt::format("/cdn/{}", i);
    second.next(false, "/cdn/another");
    const auto fault = first.next(false, address).fault;
    EXPECT_EQ(fault, second.next(false, address).fault);
    if (fault != other.next(false, address).fault) ++differing;
  }
  EXPECT_GT(differing, 50);
}

TEST(Faults, ComeAsOftenAsAskedFor) {
  FaultOptions options;
  percent_of(options, Fault::kServerError) = 10;
  percent_of(options, Fault::kReset) = 5;
  Faults faults(options);
  std::map<Fault, int> counts;
  for (int i = 0; i < 20'000; ++i) ++counts[faults.next(true, fmt::format("/{}", i)).fault];
  EXPECT_NEAR(counts[Fault::kServerError], 2000, 150);
  EXPECT_NEAR(counts[Fault::kReset], 1000, 100);
  EXPECT_EQ(counts.size(), 3U);
}

TEST(Faults, SpareAnAddressInTheEnd) {
  FaultOptions options;
  percent_of(options, Fault::kReset) = 100;
  Faults faults(options);
  EXPECT_EQ(faults.next(false, "/a").fault, Fault::kReset);
  EXPECT_EQ(faults.next(false, "/a").fault, Fault::kReset);
  EXPECT_EQ(faults.next(false, "/a").fault, Fault::kNone);
  options.per_address = 0;
  Faults endless(options);
  for (int i = 0; i < 20; ++i) EXPECT_EQ(endless.next(false, "/a").fault, Fault::kReset);
}

TEST(Faults, KeepToTheirTarget) {
  FaultOptions options;
  percent_of(options, Fault::kReset) = 100;
  options.target = FaultTarget::kCdn;
  Faults faults(options);
  EXPECT_EQ(faults.next(true, "/a").fault, Fault::kNone);
  EXPECT_EQ(faults.next(false, "/a").fault, Fault::kReset);
}

// The first attempt at a picture meets the fault, the second gets the picture.
struct Outcome {
  Fetched spoilt;
  Fetched good;
  boost::json::value stats;
};

Outcome meet(Fault fault, std::uint64_t seed = 1) {
  Options options = small_options();
  percent_of(options.faults, fault) = 100;
  options.faults.target = FaultTarget::kCdn;
  options.faults.per_address = 1;
  options.faults.slow_ms = 200;
  options.faults.seed = seed;
  const Running running(options);
  const auto address = running.image("sandbox-light", "10:100");
  Outcome outcome;
  outcome.spoilt = fetch(address);
  outcome.good = fetch(address);
  outcome.stats = running.stats();
  EXPECT_EQ(outcome.good.status, 200);
  EXPECT_EQ(outcome.stats.at("cdn").at("faults").at(std::string(name_of(fault))), 1);
  return outcome;
}

TEST(SandboxFaults, AnswersWithServerErrors) {
  EXPECT_GE(meet(Fault::kServerError).spoilt.status, 500);
}

TEST(SandboxFaults, ResetsConnections) {
  EXPECT_EQ(meet(Fault::kReset).spoilt.code, CURLE_RECV_ERROR);
}

TEST(SandboxFaults, CutsBodies) {
  const auto outcome = meet(Fault::kTruncate);
  EXPECT_EQ(outcome.spoilt.code, CURLE_PARTIAL_FILE);
  EXPECT_EQ(outcome.spoilt.body, outcome.good.body.substr(0, outcome.good.body.size() / 2));
}

TEST(SandboxFaults, ServesAPageInsteadOfAPicture) {
  const auto outcome = meet(Fault::kHtml);
  EXPECT_EQ(outcome.spoilt.status, 200);
  EXPECT_THAT(outcome.spoilt.body, ::testing::StartsWith("<!DOCTYPE html>"));
}

TEST(SandboxFaults, TricklesBodies) {
  const auto start = Clock::now();
  const auto outcome = meet(Fault::kSlow);
  EXPECT_GE(Clock::now() - start, std::chrono::milliseconds(180));
  EXPECT_EQ(outcome.spoilt.code, CURLE_OK);
  EXPECT_EQ(outcome.spoilt.body, outcome.good.body);
}

TEST(SandboxFaults, DeclaresWrongLengths) {
  bool was_longer = false;
  bool was_shorter = false;
  for (std::uint64_t seed = 1; seed < 12; ++seed) {
    const auto outcome = meet(Fault::kLength, seed);
    const auto declared = std::stoul(outcome.spoilt.headers.at("content-length"));
    const auto size = std::stoul(outcome.good.headers.at("content-length"));
    if (declared > size) {
      was_longer = true;
      EXPECT_EQ(outcome.spoilt.code, CURLE_PARTIAL_FILE);
    } else {
      was_shorter = true;
      EXPECT_LT(declared, size);
      EXPECT_EQ(outcome.spoilt.body.size(), declared);
    }
  }
  EXPECT_TRUE(was_longer);
  EXPECT_TRUE(was_shorter);
}

TEST(SandboxFaults, RedirectsToAnotherHost) {
  const auto outcome = meet(Fault::kRedirect);
  EXPECT_EQ(outcome.spoilt.status, 302);
  EXPECT_THAT(outcome.spoilt.headers.at("location"), ::testing::StartsWith("http://127.0.0.3:"));
}

TEST(SandboxFaults, RedirectsTheApiToAHostThatWantsNoToken) {
  Options options = small_options();
  percent_of(options.faults, Fault::kRedirect) = 100;
  options.faults.per_address = 1;
  const Running running(options);
  const auto location = running.api("/v1/files/sandbox-light/meta").headers.at("location");
  EXPECT_EQ(fetch(location, {"X-Figma-Token: figd_test"}).status, 400);
  EXPECT_EQ(running.stats().at("credentials_on_other_hosts"), 1);
  const auto followed = fetch(location);
  EXPECT_EQ(followed.status, 200);
  EXPECT_EQ(followed.json().at("name"), "Sandbox light");
}

}  // namespace
}  // namespace gantry::sandbox
