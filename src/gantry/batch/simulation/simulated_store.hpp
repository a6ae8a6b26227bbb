// A store that fails and dawdles as a script says.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "gantry/batch/simulation/waits.hpp"
#include "gantry/store/store.hpp"

namespace gantry::batch::simulation {

class SimulatedStore final : public store::Store {
 public:
  SimulatedStore(async::Clock& clock, const StorePlan& plan) : clock_(clock), plan_(plan) {}

  const std::map<std::string, store::Record, std::less<>>& records() const { return records_; }
  // From now on.
  void behave() { plan_.kind = StorePlan::Kind::kSound; }

  std::string_view name() const override { return "simulated"; }
  async::awaitable<std::vector<std::optional<store::Found>>> get_many(
      std::span<const std::string_view> keys) override {
    co_await wait(clock_, plan_.latency, plan_.is_stubborn);
    fail_if_it_is_time();
    std::vector<std::optional<store::Found>> found(keys.size());
    for (std::size_t i = 0; i < keys.size(); ++i) {
      auto record = records_.find(keys[i]);
      if (record == records_.end() || record->second.kept_until <= clock_.wall_now()) continue;
      found[i] = store::Found{record->second, name()};
    }
    co_return found;
  }
  async::awaitable<void> put_many(std::vector<store::Put> puts) override {
    co_await wait(clock_, plan_.latency, plan_.is_stubborn);
    fail_if_it_is_time();
    for (store::Put& put : puts) records_[std::move(put.key)] = std::move(put.record);
  }
  async::awaitable<void> erase_many(std::vector<std::string> keys) override {
    for (const std::string& key : keys) records_.erase(key);
    co_return;
  }
  async::awaitable<void> flush() override { co_return; }
  std::vector<store::StoreStats> stats() const override { return {}; }

 private:
  void fail_if_it_is_time() {
    if (plan_.kind != StorePlan::Kind::kFailing || ++calls_ % plan_.fails_every != 0) return;
    if (calls_ % 2 == 0) throw std::runtime_error("what the driver throws");
    throw Error(ErrorCode::kIo, "the disk is on fire");
  }

  async::Clock& clock_;
  StorePlan plan_;
  int calls_ = 0;
  std::map<std::string, store::Record, std::less<>> records_;
};

}  // namespace gantry::batch::simulation
