#include "gantry/batch/core/stream.hpp"

#include <algorithm>
#include <limits>

namespace gantry::batch::core {
namespace {

// Requests that are taken from the source together: enough for one question to the store and for
// full calls.
constexpr std::size_t kSlice = 256;
// What an answer is thought to hold before the first has come.
constexpr std::uint64_t kFirstGuess = 4096;

}  // namespace

Stream::Stream(Core& core, const Services& services, ErasedSource source, std::uint64_t byte_budget,
               bool in_order)
    : Run(services.executor),
      core_(core),
      source_(std::move(source)),
      byte_budget_(byte_budget),
      in_order_(in_order),
      arrived_(services.executor),
      taken_(services.executor) {}

std::shared_ptr<Stream> Stream::open(Core& core, const Services& services, ErasedSource source,
                                     BatchOptions options, std::uint64_t byte_budget,
                                     bool in_order) {
  auto stream = std::make_shared<Stream>(core, services, std::move(source), byte_budget, in_order);
  core.begin(*stream, std::move(options), std::numeric_limits<std::uint32_t>::max());
  services.scope.spawn(feed(stream));
  return stream;
}

// How many more requests the budget bears. At least one if nothing is under way and nothing waits
// to be taken, so that an answer larger than the budget comes all the same.
std::size_t Stream::room() const {
  std::uint64_t each = answers_ == 0 ? kFirstGuess : answer_bytes_ / answers_ + 1;
  std::uint64_t held = ready_bytes_ + bytes.in_flight + pending * each;
  if (held < byte_budget_) {
    std::uint64_t fitting = (byte_budget_ - held) / (each + sizeof(Flight)) + 1;
    return static_cast<std::size_t>(std::min<std::uint64_t>(kSlice, fitting));
  }
  return pending == 0 && ready_.empty() && ready_in_order_.empty() ? 1 : 0;
}

async::awaitable<void> Stream::feed(std::shared_ptr<Stream> self) {
  try {
    while (!self->is_stopped_) {
      std::size_t most = self->room();
      // Few at a time would make many small calls: better wait until there is room for some.
      bool is_worth_it = most > 0 && (most >= kSlice / 4 || self->pending < kSlice / 4);
      if (!is_worth_it) {
        co_await self->taken_.wait();
        continue;
      }
      std::unique_ptr<RequestView> requests = self->source_(most);
      if (requests == nullptr || requests->size() == 0) break;
      Places places = find_places(*requests, false);
      std::uint32_t first = self->added_;
      self->added_ += static_cast<std::uint32_t>(requests->size());
      co_await self->core_.add(*self, *requests, places, first);
    }
  } catch (...) {
    if (!self->is_stopped_) self->failure_ = std::current_exception();
  }
  self->is_fed_ = true;
  self->source_ = nullptr;
  self->arrived_.notify();
}

void Stream::landed(std::uint32_t place, Landing landing) {
  std::uint64_t held = landing.value.bytes + sizeof(Landing);
  ready_bytes_ += held;
  ++answers_;
  answer_bytes_ += held;
  if (in_order_) {
    ready_in_order_.emplace(place, std::move(landing));
  } else {
    ready_.emplace_back(place, std::move(landing));
  }
  arrived_.notify();
  taken_.notify();
}

std::optional<std::pair<std::uint64_t, Landing>> Stream::take() {
  std::optional<std::pair<std::uint64_t, Landing>> answer;
  if (!ready_.empty()) {
    answer = std::move(ready_.front());
    ready_.pop_front();
  } else if (!ready_in_order_.empty() && ready_in_order_.begin()->first == next_) {
    answer.emplace(next_++, std::move(ready_in_order_.begin()->second));
    ready_in_order_.erase(ready_in_order_.begin());
  } else {
    return answer;
  }
  std::uint64_t size = answer->second.value.bytes;
  ready_bytes_ -= size + sizeof(Landing);
  bytes.results -= size;
  core_.metrics().gauges.bytes.results -= size;
  taken_.notify();
  return answer;
}

async::awaitable<std::optional<std::pair<std::uint64_t, Landing>>> Stream::next() {
  while (true) {
    if (auto answer = take()) co_return answer;
    bool is_over = is_fed_ && pending == 0 && ready_in_order_.empty();
    if (is_over || is_stopped_) {
      stop();
      if (failure_) std::rethrow_exception(std::exchange(failure_, nullptr));
      co_return std::nullopt;
    }
    co_await arrived_.wait();
  }
}

void Stream::stop() {
  is_stopped_ = true;
  if (std::exchange(is_ended_, true)) return;
  core_.leave(*this);
  core_.end(*this);
  taken_.notify();
  arrived_.notify();
}

}  // namespace gantry::batch::core
