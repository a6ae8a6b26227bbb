#include "gantry/batch/core/prefetch.hpp"

#include <limits>
#include <utility>

#include "gantry/batch/core/core.hpp"

namespace gantry::batch::core {
namespace {

// Keys that are remembered as foreseen; older ones count as never used.
constexpr std::size_t kForeseenBytes = std::size_t{1} << 20;

}  // namespace

Prefetcher::Prefetcher(Core& core, const Services& services, ErasedPredict predict,
                       std::size_t keys, int calls)
    : Run(services.executor),
      core_(core),
      services_(services),
      predict_(std::move(predict)),
      most_keys_(keys),
      foreseen_(kForeseenBytes) {
  is_prefetch = true;
  BatchOptions options = BatchOptions::unbounded();
  options.concurrency = calls;
  core_.begin(*this, std::move(options), std::numeric_limits<std::uint32_t>::max());
}

void Prefetcher::asked(std::span<const std::string_view> keys) {
  if (under_way_.size() >= most_keys_) return;
  std::shared_ptr<RequestView> requests = predict_(keys);
  if (requests == nullptr) return;
  Places places;
  std::uint32_t first = next_place_;
  for (std::uint32_t i = 0; i < requests->size() && under_way_.size() < most_keys_; ++i) {
    if (core_.is_known(requests->key(i))) continue;
    places.first.push_back(i);
    under_way_.emplace(next_place_++, requests->key(i));
  }
  if (!places.first.empty()) {
    services_.scope.spawn(fetch(std::move(requests), std::move(places), first));
  }
}

async::awaitable<void> Prefetcher::fetch(std::shared_ptr<RequestView> requests, Places places,
                                         std::uint32_t first) {
  co_await core_.add(*this, *requests, places, first);
}

void Prefetcher::landed(std::uint32_t place, Landing landing) {
  auto found = under_way_.find(place);
  std::string key = std::move(found->second);
  under_way_.erase(found);
  core_.metrics().gauges.bytes.results -= landing.value.bytes;
  bytes.results -= landing.value.bytes;
  if (landing.failure != nullptr || landing.provenance.source != Provenance::Source::kUpstream) {
    return;
  }
  ++core_.metrics().counters.prefetched;
  foreseen_.insert(std::move(key), true, 0);
}

bool Prefetcher::has_foreseen(std::string_view key) { return foreseen_.erase(key); }

void Prefetcher::leave() { core_.leave(*this); }

}  // namespace gantry::batch::core
