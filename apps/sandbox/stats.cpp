#include "apps/sandbox/stats.hpp"

#include <algorithm>

#include <boost/json.hpp>
#include <fmt/format.h>

namespace gantry::sandbox {
namespace {

namespace json = boost::json;

template <class Map>
json::object counts(const Map& map) {
  json::object object;
  for (const auto& [name, count] : map) object[fmt::format("{}", name)] = count;
  return object;
}

}  // namespace

std::shared_ptr<void> Stats::arrived(Side side) {
  const std::lock_guard lock(mutex_);
  auto& traffic = of(side);
  ++traffic.requests;
  traffic.peak = std::max(traffic.peak, ++traffic.now);
  return {this, [side](void* self) {
            auto& stats = *static_cast<Stats*>(self);
            const std::lock_guard guard(stats.mutex_);
            --stats.of(side).now;
          }};
}

void Stats::api_call(std::string_view endpoint, int tier, Clock::time_point now) {
  const std::lock_guard lock(mutex_);
  ++by_endpoint_[std::string(endpoint)];
  count_in(tiers_.at(static_cast<std::size_t>(tier - 1)), now);
  count_in(total_, now);
  const bool is_early = std::any_of(pauses_.begin(), pauses_.end(), [&](const Pause& pause) {
    return now > pause.from && now < pause.until;
  });
  if (is_early) ++requests_during_pause_;
}

void Stats::count_in(Window& window, Clock::time_point now) {
  window.calls.push_back(now);
  while (now - window.calls.front() >= window_ - kNetworkJitter) window.calls.pop_front();
  window.most = std::max(window.most, window.calls.size());
}

void Stats::paused(Clock::time_point decided, Clock::time_point written, int retry_after) {
  const std::lock_guard lock(mutex_);
  pauses_.push_back({written + kNetworkJitter, decided + std::chrono::seconds(retry_after)});
}

void Stats::answered(Side side, int status, std::size_t body_bytes) {
  const std::lock_guard lock(mutex_);
  ++of(side).by_status[status];
  of(side).bytes += body_bytes;
}

void Stats::injected(Side side, Fault fault) {
  const std::lock_guard lock(mutex_);
  ++of(side).faults[std::string(name_of(fault))];
}

void Stats::served(const std::string& path) {
  const std::lock_guard lock(mutex_);
  ++served_[path];
}

void Stats::credential_seen() {
  const std::lock_guard lock(mutex_);
  ++credentials_;
}

void Stats::reset() {
  const std::lock_guard lock(mutex_);
  for (auto* traffic : {&api_, &cdn_}) *traffic = Traffic{.now = traffic->now};
  by_endpoint_.clear();
  tiers_ = {};
  total_ = {};
  pauses_.clear();
  requests_during_pause_ = 0;
  credentials_ = 0;
  served_.clear();
}

std::string Stats::to_json() const {
  const std::lock_guard lock(mutex_);
  const auto traffic = [](const Traffic& side) -> json::object {
    return {{"requests", side.requests},
            {"peak_concurrency", side.peak},
            {"bytes", side.bytes},
            {"by_status", counts(side.by_status)},
            {"faults", counts(side.faults)}};
  };
  const auto twice = std::count_if(served_.begin(), served_.end(),
                                   [](const auto& entry) { return entry.second > 1; });
  json::object api = traffic(api_);
  api["by_endpoint"] = counts(by_endpoint_);
  api["max_calls_in_window"] = {{"tier1", tiers_[0].most},
                                {"tier2", tiers_[1].most},
                                {"tier3", tiers_[2].most},
                                {"total", total_.most}};
  api["pauses"] = pauses_.size();
  api["requests_during_pause"] = requests_during_pause_;
  json::object cdn = traffic(cdn_);
  cdn["unique_images"] = served_.size();
  cdn["images_served_again"] = twice;
  return json::serialize(json::object{{"api", std::move(api)},
                                      {"cdn", std::move(cdn)},
                                      {"credentials_on_other_hosts", credentials_}});
}

}  // namespace gantry::sandbox
