#include "gantry/store/tiered_store.hpp"

#include <algorithm>
#include <functional>

namespace gantry::store {
namespace {

constexpr auto kFirstPause = std::chrono::seconds(1);
constexpr auto kLongestPause = std::chrono::seconds(60);

async::Duration pause_after(int failures) {
  async::Duration pause = kFirstPause;
  for (int i = 1; i < failures && pause < kLongestPause; ++i) pause *= 2;
  return std::min<async::Duration>(pause, kLongestPause);
}

}  // namespace

TieredStore::TieredStore(const async::Clock& clock, std::vector<std::unique_ptr<Store>> tiers)
    : clock_(clock) {
  for (auto& store : tiers) tiers_.push_back({.store = std::move(store)});
}

void TieredStore::Result::check() const {
  if (!any && failure) throw *failure;
}

bool TieredStore::may_try(Tier& tier, Result& result) {
  if (tier.failures == 0) return true;
  async::TimePoint now = clock_.now();
  if (now < tier.retry_at) {
    result.failure = tier.failure;
    return false;
  }
  // One call tries; the others pass the tier over until that one has ended.
  tier.retry_at = now + pause_after(tier.failures);
  return true;
}

void TieredStore::succeeded(Tier& tier, int failures_before) {
  if (tier.failures != failures_before) return;
  tier.failures = 0;
  tier.failure.reset();
}

void TieredStore::failed(Tier& tier, int failures_before, const Error& error) {
  // Calls that were under way together are one failure.
  if (tier.failures != failures_before) return;
  ++tier.failures;
  tier.retry_at = clock_.now() + pause_after(tier.failures);
  tier.failure = error;
}

async::awaitable<void> TieredStore::attempt(Tier& tier, async::awaitable<void> call,
                                            Result& result) {
  int before = tier.failures;
  try {
    co_await std::move(call);
    succeeded(tier, before);
    result.any = true;
  } catch (...) {
    Error error = current_error();
    if (error.code() == ErrorCode::kCancelled) throw error;
    failed(tier, before, error);
    result.failure = error;
  }
}

// A task of the type that attempt() runs.
async::awaitable<void> TieredStore::ask(Store& store, std::span<const std::string_view> keys,
                                        Answers& answers) {
  answers = co_await store.get_many(keys);
}

async::awaitable<std::vector<std::optional<Found>>> TieredStore::get_many(
    std::span<const std::string_view> keys) {
  Search search;
  search.asked = keys;
  search.started = changes_;
  Result result;
  for (std::size_t i = 0; i < tiers_.size() && !search.asked.empty(); ++i) {
    Tier& tier = tiers_[i];
    if (!may_try(tier, result)) continue;
    Answers answers;
    co_await attempt(tier, ask(*tier.store, search.asked, answers), result);
    if (answers.size() != search.asked.size()) continue;
    std::vector<Put> promoted = settle(search, std::move(answers), i > 0);
    if (!promoted.empty()) co_await promote(i, std::move(promoted));
  }
  result.check();
  search.found.resize(keys.size());
  co_return std::move(search.found);
}

std::vector<Put> TieredStore::settle(Search& search, Answers answers, bool promotes) const {
  std::vector<Put> promoted;
  std::vector<std::string_view> missing;
  std::vector<std::size_t> places;
  // The answers of the first tier that has some are the frame for all others.
  bool is_first = search.found.empty();
  for (std::size_t i = 0; i < answers.size(); ++i) {
    std::string_view key = search.asked[i];
    std::size_t place = is_first ? i : search.places[i];
    if (!answers[i]) {
      missing.push_back(key);
      places.push_back(place);
      continue;
    }
    if (promotes && changed_at_[slot_of(key)] <= search.started) {
      promoted.push_back({std::string(key), answers[i]->record});
    }
    if (!is_first) search.found[place] = std::move(answers[i]);
  }
  if (is_first) search.found = std::move(answers);
  search.missing = std::move(missing);
  search.places = std::move(places);
  search.asked = search.missing;
  return promoted;
}

async::awaitable<void> TieredStore::promote(std::size_t from, std::vector<Put> puts) {
  // What becomes of it changes nothing for the caller.
  Result ignored;
  for (std::size_t i = 0; i < from; ++i) {
    if (!may_try(tiers_[i], ignored)) continue;
    std::vector<Put> copy = puts;
    co_await attempt(tiers_[i], tiers_[i].store->put_many(std::move(copy)), ignored);
  }
}

std::size_t TieredStore::slot_of(std::string_view key) {
  return std::hash<std::string_view>()(key) % kSlots;
}

void TieredStore::note_change(std::string_view key) { changed_at_[slot_of(key)] = ++changes_; }

async::awaitable<void> TieredStore::put_many(std::vector<Put> puts) {
  for (const Put& put : puts) note_change(put.key);
  Result result;
  for (Tier& tier : tiers_) {
    if (!may_try(tier, result)) {
      tier.dropped += puts.size();
      continue;
    }
    // A copy shares the bytes.
    std::vector<Put> copy = puts;
    co_await attempt(tier, tier.store->put_many(std::move(copy)), result);
  }
  result.check();
}

async::awaitable<void> TieredStore::erase_many(std::vector<std::string> keys) {
  for (const std::string& key : keys) note_change(key);
  Result result;
  for (Tier& tier : tiers_) {
    if (!may_try(tier, result)) continue;
    std::vector<std::string> copy = keys;
    co_await attempt(tier, tier.store->erase_many(std::move(copy)), result);
  }
  result.check();
}

async::awaitable<void> TieredStore::flush() {
  Result result;
  for (Tier& tier : tiers_) co_await attempt(tier, tier.store->flush(), result);
  result.check();
}

std::vector<StoreStats> TieredStore::stats() const {
  std::vector<StoreStats> all;
  for (const Tier& tier : tiers_) {
    std::vector<StoreStats> own = tier.store->stats();
    if (!own.empty()) own.front().dropped += tier.dropped;
    all.insert(all.end(), own.begin(), own.end());
  }
  return all;
}

std::string TieredStore::warning() const {
  std::string all;
  for (const Tier& tier : tiers_) {
    std::string own = tier.store->warning();
    if (own.empty() && tier.failure) {
      own = "the store " + std::string(tier.store->name()) +
            " is passed over: " + tier.failure->message();
    }
    if (!own.empty()) all += (all.empty() ? "" : "; ") + own;
  }
  return all;
}

}  // namespace gantry::store
