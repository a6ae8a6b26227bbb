#include "gantry/net/concurrency_controller.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <queue>
#include <random>
#include <vector>

#include <gtest/gtest.h>

namespace gantry::net {
namespace {

using namespace std::chrono_literals;
using Controller = ConcurrencyController;
using Milliseconds = std::chrono::duration<double, std::milli>;

// One window of a full pool, after the round that is left out.
void pass_window(Controller& controller, async::TimePoint& now, async::Duration latency,
                 int failures = 0) {
  int limit = controller.limit();
  int wanted = std::max(24, 2 * limit);
  for (int i = 0; i < limit + wanted; ++i) {
    bool failed = i >= limit && i - limit < failures;
    controller.ended(now += 2ms, latency, failed, limit);
    if (failed && controller.limit() != limit) return;
  }
}

TEST(ConcurrencyController, OneWindowDecidesByLatencyAndFailures) {
  struct Case {
    const char* what;
    async::Duration latency;  // after windows of 40 ms
    int failures;
    int low;
    int high;
  };
  const Case cases[] = {{"the same latency", 40ms, 0, 21, 40},
                        {"a little more", 44ms, 0, 21, 40},
                        {"between growing and shrinking", 48ms, 0, 20, 20},
                        {"half as much again", 60ms, 0, 12, 19},
                        {"ten times as much", 400ms, 0, 14, 14},
                        {"one failure", 40ms, 1, 21, 40},
                        {"failures", 40ms, 20, 14, 14}};
  for (const Case& wanted : cases) {
    Controller controller({.start = 13});
    async::TimePoint now{};
    pass_window(controller, now, 40ms);
    ASSERT_EQ(controller.limit(), 20);
    pass_window(controller, now, wanted.latency, wanted.failures);
    EXPECT_GE(controller.limit(), wanted.low) << wanted.what;
    EXPECT_LE(controller.limit(), wanted.high) << wanted.what;
  }
}

TEST(ConcurrencyController, ALimitThatNothingFillsStays) {
  Controller controller({});
  for (int i = 0; i < 1'000; ++i) controller.ended({}, 40ms, false, 5);
  EXPECT_EQ(controller.limit(), 20);
}

TEST(ConcurrencyController, KeepsItsBounds) {
  Controller controller({.least = 4, .start = 20, .most = 30});
  async::TimePoint now{};
  for (int i = 0; i < 20; ++i) pass_window(controller, now, 40ms);
  EXPECT_LE(controller.limit(), 30);
  for (int i = 0; i < 20; ++i) pass_window(controller, now, 40ms, 50);
  EXPECT_EQ(controller.limit(), 4);
  controller.start_at(1'000);
  EXPECT_EQ(controller.limit(), 30);
}

TEST(ConcurrencyController, ServesOnFromWhereAnEarlierRunHasEnded) {
  Controller controller({});
  controller.start_at(90);
  async::TimePoint now{};
  pass_window(controller, now, 40ms);
  EXPECT_GE(controller.limit(), 90);
}

// A client that always has more to ask for, and a server that answers as its load makes it.
class Simulation {
 public:
  struct Answer {
    Milliseconds latency;
    bool failed = false;
  };
  using Server = std::function<Answer(int in_flight)>;

  explicit Simulation(Server server, Controller::Options options = {})
      : server_(std::move(server)), controller_(options) {}

  void set_server(Server server) { server_ = std::move(server); }
  Controller& controller() { return controller_; }
  // The limits of this stretch, one for each answer.
  std::vector<int> run(async::Duration time) {
    std::vector<int> limits;
    answered_ = 0;
    async::TimePoint end = now_ + time;
    while (now_ < end) {
      fill();
      Request request = under_way_.top();
      now_ = request.ends;
      int in_flight = static_cast<int>(under_way_.size());
      under_way_.pop();
      controller_.ended(now_, request.ends - request.began, request.failed, in_flight);
      limits.push_back(controller_.limit());
      if (!request.failed) ++answered_;
    }
    return limits;
  }
  // In the last stretch.
  int answered() const { return answered_; }

 private:
  struct Request {
    async::TimePoint began;
    async::TimePoint ends;
    bool failed;
    bool operator<(const Request& other) const { return ends > other.ends; }
  };

  void fill() {
    while (static_cast<int>(under_way_.size()) < controller_.limit()) {
      Answer answer = server_(static_cast<int>(under_way_.size()) + 1);
      // As wide as the latencies of the bench: 40 ms, give or take 20.
      double jitter = std::uniform_real_distribution<double>(0.5, 1.5)(random_);
      auto latency = std::chrono::duration_cast<async::Duration>(answer.latency * jitter);
      under_way_.push({now_, now_ + latency, answer.failed});
    }
  }

  Server server_;
  Controller controller_;
  std::mt19937 random_{7};
  async::TimePoint now_{};
  std::priority_queue<Request> under_way_;
  int answered_ = 0;
};

Simulation::Server saturating_at(int connections, double latency = 40) {
  return [=](int in_flight) -> Simulation::Answer {
    return {Milliseconds(latency * std::max(1.0, in_flight / static_cast<double>(connections)))};
  };
}

int least_of(const std::vector<int>& values) {
  return *std::min_element(values.begin(), values.end());
}
int most_of(const std::vector<int>& values) {
  return *std::max_element(values.begin(), values.end());
}

TEST(ConcurrencyController, FindsWhereThroughputSaturates) {
  for (int saturated : {10, 30, 60, 100}) {
    Simulation simulation(saturating_at(saturated));
    simulation.run(4s);
    std::vector<int> limits = simulation.run(30s);
    // Nothing is lost: 25 answers a second and connection, but for the chance of the jitter.
    EXPECT_GE(simulation.answered(), 30 * 25 * saturated * 0.9) << saturated;
    EXPECT_GE(least_of(limits), saturated * 0.6) << saturated;
    EXPECT_LE(most_of(limits), saturated * 1.7) << saturated;
  }
}

TEST(ConcurrencyController, GrowsToTheMostWhereNothingSaturates) {
  Simulation simulation(saturating_at(1'000));
  simulation.run(4s);
  std::vector<int> limits = simulation.run(20s);
  EXPECT_EQ(most_of(limits), 128);
  EXPECT_GE(least_of(limits), 96);  // while it probes
}

TEST(ConcurrencyController, FollowsAServerThatLosesCapacity) {
  Simulation simulation(saturating_at(100));
  simulation.run(5s);
  EXPECT_GE(simulation.controller().limit(), 70);
  simulation.set_server(saturating_at(25));
  simulation.run(3s);
  std::vector<int> limits = simulation.run(20s);
  EXPECT_LE(most_of(limits), 50);
  EXPECT_GE(simulation.answered(), 20 * 25 * 25 * 0.85);
}

TEST(ConcurrencyController, DoesNotGiveUpConnectionsForALatencyThatIsNotTheirDoing) {
  Simulation simulation(saturating_at(1'000, 40));
  simulation.run(5s);
  simulation.set_server(saturating_at(1'000, 120));
  simulation.run(10s);
  EXPECT_GE(least_of(simulation.run(20s)), 80);
}

TEST(ConcurrencyController, StaysBelowWhereTheServerFails) {
  std::mt19937 random(3);
  Simulation simulation([&random](int in_flight) -> Simulation::Answer {
    bool is_too_much = in_flight > 50;
    bool failed = is_too_much && std::uniform_real_distribution<double>(0, 1)(random) < 0.5;
    return {Milliseconds(failed ? 5 : 40), failed};
  });
  simulation.run(4s);
  std::vector<int> limits = simulation.run(30s);
  EXPECT_LE(most_of(limits), 60);
  EXPECT_GE(least_of(limits), 25);
  EXPECT_GE(simulation.answered(), 30 * 25 * 50 * 0.7);
}

TEST(ConcurrencyController, NeverSwingsWildly) {
  Simulation simulation(saturating_at(60));
  simulation.run(4s);
  std::vector<int> limits = simulation.run(30s);
  int changes = 0;
  for (std::size_t i = 1; i < limits.size(); ++i) {
    if (limits[i] == limits[i - 1]) continue;
    ++changes;
    EXPECT_LE(std::abs(limits[i] - limits[i - 1]), limits[i - 1] * 0.35 + 1);
  }
  EXPECT_LE(changes, 60) << "in 30 s";
}

}  // namespace
}  // namespace gantry::net
