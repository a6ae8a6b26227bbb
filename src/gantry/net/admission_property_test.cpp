// Random adds, joins, leaves, removals and releases, checked against a model that is as simple as
// can be: all places of all tickets in a list.
#include <algorithm>
#include <map>
#include <random>
#include <string>
#include <tuple>
#include <vector>

#include <gtest/gtest.h>

#include "gantry/net/admission_queue.hpp"

namespace gantry::net {
namespace {

using namespace std::chrono_literals;

struct Place {
  std::size_t route;
  Lane lane;
  TicketClass priority;
  bool operator==(const Place&) const = default;
};

class Model {
 public:
  explicit Model(unsigned seed) : random_(seed) {
    for (const auto& [name, slots] : slots_) queue_.set_pool(name, slots, LaneOrder::kInTurn);
  }

  // Less than the time in which a ticket ages, so that classes are strict.
  void run(int steps) {
    async::TimePoint now = async::TimePoint() + 100h;
    for (int step = 0; step < steps && !::testing::Test::HasFailure(); ++step) {
      now += 5ms;
      switch (random_() % 6) {
        case 0:
        case 1: {
          Place place = any_place();
          waiting_[queue_.add(request_for(place), now)] = {place};
          break;
        }
        case 2:
          join(any_ticket(waiting_), any_place());
          break;
        case 3:
          leave(any_ticket(waiting_), any_place());
          break;
        case 4:
          if (random_() % 4 == 0) remove(any_ticket(waiting_));
          break;
        default:
          release(any_ticket(running_));
      }
      if (random_() % 3 == 0) grant_all(now);
    }
    EXPECT_GT(grants_, static_cast<std::size_t>(steps) / 20);
  }

 private:
  Place any_place() {
    return {random_() % routes_.size(), static_cast<Lane>(random_() % 4),
            static_cast<TicketClass>(random_() % 3)};
  }

  // Sometimes a ticket that is not there, or no longer.
  template <typename Tickets>
  TicketId any_ticket(const Tickets& tickets) {
    if (tickets.empty() || random_() % 20 == 0) return random_() % 500;
    return std::next(tickets.begin(), static_cast<std::ptrdiff_t>(random_() % tickets.size()))
        ->first;
  }

  TicketRequest request_for(const Place& place) const {
    const std::vector<std::string>& pools = routes_[place.route];
    return {.budget = "",
            .host = "h",
            .pool = pools.front(),
            .lane = place.lane,
            .priority = place.priority,
            .caps = {pools.begin() + 1, pools.end()}};
  }

  void join(TicketId ticket, const Place& place) {
    queue_.join(ticket, request_for(place));
    auto found = waiting_.find(ticket);
    if (found == waiting_.end()) return;
    auto& places = found->second;
    if (std::find(places.begin(), places.end(), place) == places.end()) places.push_back(place);
  }

  void leave(TicketId ticket, Place place) {
    auto found = waiting_.find(ticket);
    if (found != waiting_.end() && random_() % 4 > 0) {
      place = found->second[random_() % found->second.size()];
    }
    bool left = queue_.leave(ticket, request_for(place));
    bool expected =
        found != waiting_.end() && found->second.size() > 1 && std::erase(found->second, place) > 0;
    ASSERT_EQ(left, expected);
  }

  void remove(TicketId ticket) {
    queue_.remove(ticket);
    waiting_.erase(ticket);
  }

  void release(TicketId ticket) {
    queue_.release(ticket, std::nullopt);
    auto found = running_.find(ticket);
    if (found == running_.end()) return;
    for (const std::string& pool : routes_[found->second]) --used_[pool];
    running_.erase(found);
  }

  bool is_free(std::size_t route) {
    const std::vector<std::string>& pools = routes_[route];
    return std::all_of(pools.begin(), pools.end(),
                       [this](const std::string& pool) { return used_[pool] < slots_.at(pool); });
  }

  void grant_all(async::TimePoint now) {
    while (true) {
      AdmissionQueue::Decision decision = queue_.next(now);
      if (!decision.granted) break;
      ASSERT_TRUE(waiting_.contains(*decision.granted)) << "granted twice, or never asked for";
      std::size_t route = granted_route();
      ASSERT_LT(route, routes_.size()) << "the slots of no route were taken";
      ASSERT_TRUE(is_free(route));
      check_order(*decision.granted, route, decision.lane);
      for (const std::string& pool : routes_[route]) ++used_[pool];
      waiting_.erase(*decision.granted);
      running_[*decision.granted] = route;
      ++grants_;
    }
    ASSERT_EQ(queue_.waiting(), waiting_.size());
    for (const auto& [ticket, places] : waiting_) {
      for (const Place& place : places) {
        ASSERT_FALSE(is_free(place.route)) << "ticket " << ticket << " could go";
      }
    }
  }

  // The one whose slots the last grant took: no two routes have the same pools.
  std::size_t granted_route() {
    std::size_t route = 0;
    for (; route < routes_.size(); ++route) {
      bool is_this = std::all_of(slots_.begin(), slots_.end(), [&](const auto& pool) {
        auto named = std::count(routes_[route].begin(), routes_[route].end(), pool.first);
        return queue_.slots_in_use(pool.first) == used_[pool.first] + static_cast<int>(named);
      });
      if (is_this) break;
    }
    return route;
  }

  void check_order(TicketId granted, std::size_t route, Lane lane) {
    auto best = TicketClass::kLow;
    for (const auto& [ticket, places] : waiting_) {
      for (const Place& place : places) {
        if (is_free(place.route)) best = std::min(best, place.priority);
      }
    }
    auto has = [&](const std::vector<Place>& places) {
      return std::find(places.begin(), places.end(), Place{route, lane, best}) != places.end();
    };
    ASSERT_TRUE(has(waiting_[granted])) << "not a place of the best class that could go";
    for (const auto& [ticket, places] : waiting_) {
      if (ticket >= granted) break;
      ASSERT_FALSE(has(places)) << "ticket " << ticket << " came before " << granted;
    }
  }

  const std::map<std::string, int> slots_ = {{"a", 3}, {"b", 5}, {"host", 6}, {"group", 2}};
  const std::vector<std::vector<std::string>> routes_ = {
      {"a"}, {"b"}, {"a", "host"}, {"b", "host"}, {"a", "host", "group"}, {"b", "group"}};
  std::mt19937 random_;
  AdmissionQueue queue_;
  std::map<TicketId, std::vector<Place>> waiting_;
  std::map<TicketId, std::size_t> running_;  // to the route
  std::map<std::string, int> used_;
  std::size_t grants_ = 0;
};

TEST(AdmissionProperty, SlotsOrderAndWorkConservationHoldWhateverComes) {
  for (unsigned seed = 0; seed < 50; ++seed) {
    SCOPED_TRACE(seed);
    Model(seed).run(4'000);
    if (HasFailure()) break;
  }
}

}  // namespace
}  // namespace gantry::net
