// Several stores as one, fastest first: memory before SQLite before Redis.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "gantry/async/clock.hpp"
#include "gantry/base/error.hpp"
#include "gantry/store/store.hpp"

namespace gantry::store {

// What one tier has not goes down to the next in one call; what it finds is put into the tiers
// above with the times that it has left. Puts and erasures go to every tier.
//
// A tier that fails is passed over for a second, and twice as long each time that it fails again,
// up to a minute; its failure is nobody else's. What is put meanwhile does not reach it, and what
// is erased may come back with it: lifetimes bound that. Found::tier names the tier.
class TieredStore final : public Store {
 public:
  TieredStore(const async::Clock& clock, std::vector<std::unique_ptr<Store>> tiers);

  std::string_view name() const override { return "tiered"; }
  // All throw the last tier's error if no tier could do it.
  async::awaitable<std::vector<std::optional<Found>>> get_many(
      std::span<const std::string_view> keys) override;
  async::awaitable<void> put_many(std::vector<Put> puts) override;
  async::awaitable<void> erase_many(std::vector<std::string> keys) override;
  async::awaitable<void> flush() override;
  // Puts that did not reach a tier because it was passed over are among its dropped ones.
  std::vector<StoreStats> stats() const override;
  std::string warning() const override;

 private:
  using Answers = std::vector<std::optional<Found>>;

  struct Tier {
    std::unique_ptr<Store> store;
    int failures = 0;  // in a row
    async::TimePoint retry_at{};
    std::optional<Error> failure{};  // the last of them
    std::uint64_t dropped = 0;
  };
  // What became of one call in all tiers.
  struct Result {
    bool any = false;  // some tier did it
    std::optional<Error> failure{};
    void check() const;
  };
  struct Search {
    Answers found{};                            // empty until a tier has answered
    std::span<const std::string_view> asked{};  // the keys that the next tier is asked for
    std::vector<std::string_view> missing{};    // these, unless it is asked for all
    std::vector<std::size_t> places{};          // where they stand in the call
    std::uint64_t started = 0;
  };

  bool may_try(Tier& tier, Result& result);
  void succeeded(Tier& tier, int failures_before);
  void failed(Tier& tier, int failures_before, const Error& error);
  // Runs the call of a tier. A failure is noted and not thrown, a cancellation is thrown.
  async::awaitable<void> attempt(Tier& tier, async::awaitable<void> call, Result& result);
  static async::awaitable<void> ask(Store& store, std::span<const std::string_view> keys,
                                    Answers& answers);
  // Takes the answers of a tier over, and gives what is to be promoted.
  std::vector<Put> settle(Search& search, Answers answers, bool promotes) const;
  async::awaitable<void> promote(std::size_t from, std::vector<Put> puts);

  static constexpr std::size_t kSlots = 1024;
  static std::size_t slot_of(std::string_view key);
  void note_change(std::string_view key);

  const async::Clock& clock_;
  std::vector<Tier> tiers_;
  // When keys were put or erased last, counted in changes, many keys to a slot: a record on its
  // way up must not replace what has become of its key meanwhile.
  std::uint64_t changes_ = 0;
  std::array<std::uint64_t, kSlots> changed_at_{};
};

}  // namespace gantry::store
