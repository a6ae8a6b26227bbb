// Fetching what is likely to be asked for next: bounded, behind everybody else, and measured.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>

#include "gantry/batch/core/flight.hpp"
#include "gantry/store/segmented_lru.hpp"

namespace gantry::batch::core {

class Core;

// Requests that are likely to follow those of a batch with these keys; may be null.
using ErasedPredict =
    std::function<std::unique_ptr<RequestView>(std::span<const std::string_view> asked)>;

class Prefetcher final : public Run {
 public:
  // At most `keys` of them are under way at a time, in `calls` upstream calls.
  Prefetcher(Core& core, const Services& services, ErasedPredict predict, std::size_t keys,
             int calls);

  void asked(std::span<const std::string_view> keys);
  // Whether the value of a key is there because of a prediction; true once.
  bool has_foreseen(std::string_view key);
  void leave();

  void landed(std::uint32_t place, Landing landing) override;

 private:
  async::awaitable<void> fetch(std::shared_ptr<RequestView> requests, Places places,
                               std::uint32_t first);

  Core& core_;
  Services services_;
  ErasedPredict predict_;
  std::size_t most_keys_;
  std::uint32_t next_place_ = 0;
  std::unordered_map<std::uint32_t, std::string> under_way_;  // by place
  store::SegmentedLru<bool> foreseen_;                        // keys that nobody has asked for yet
};

}  // namespace gantry::batch::core
