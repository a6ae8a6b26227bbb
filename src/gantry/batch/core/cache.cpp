#include "gantry/batch/core/cache.hpp"

#include <algorithm>
#include <utility>

#include "gantry/batch/core/flight.hpp"

namespace gantry::batch::core {
namespace {

// What may wait for a slow store; more is not kept.
constexpr std::size_t kMostBytesToWrite = std::size_t{64} << 20;

}  // namespace

Cache::Cache(const Services& services, const ProcessorOptions& options, ErasedCodec codec,
             Metrics& metrics)
    : services_(services),
      options_(options),
      codec_(std::move(codec)),
      metrics_(metrics),
      memory_(options.memory_bytes),
      written_(services.executor) {}

Knowledge Cache::judge(async::WallTime fresh_until, async::WallTime kept_until,
                       StaleWindows windows, async::WallTime now) const {
  if (now < fresh_until) return Knowledge::kFresh;
  if (now >= kept_until) return Knowledge::kNothing;
  if (options_.offline) return Knowledge::kFresh;  // there is nothing fresher
  async::Duration age = now - fresh_until;
  if (age < windows.while_revalidate) return Knowledge::kRevalidate;
  if (age < windows.if_error) return Knowledge::kIfError;
  return Knowledge::kNothing;
}

void Cache::answer(const Known& known, Provenance::Source source, std::string_view tier,
                   async::WallTime now, Landing& landing) {
  landing.value = known.value;
  landing.failure = known.absence;
  landing.provenance.source = source;
  landing.provenance.tier = tier;
  landing.provenance.stale = now >= known.fresh_until;
}

Knowledge Cache::look_in_memory(std::string_view key, StaleWindows windows, Landing& landing) {
  if (options_.memory_bytes == 0) return Knowledge::kNothing;
  const Known* known = memory_.find(key);
  if (known == nullptr) return Knowledge::kNothing;
  async::WallTime now = services_.clock.wall_now();
  Knowledge knowledge = judge(known->fresh_until, known->kept_until, windows, now);
  if (knowledge != Knowledge::kNothing) {
    answer(*known, Provenance::Source::kMemory, "memory", now, landing);
  }
  return knowledge;
}

std::optional<Cache::Answered> Cache::answer_all(const RequestView& requests, bool deduplication,
                                                 AnswerPlaces& answers) {
  if (options_.memory_bytes == 0) return std::nullopt;
  Answered answered;
  auto count = static_cast<std::uint32_t>(requests.size());
  async::WallTime now = services_.clock.wall_now();
  ++rounds_;
  for (std::uint32_t i = 0; i < count; ++i) {
    Known* known = memory_.find(requests.key(i));
    bool is_fresh = known != nullptr &&
                    judge(known->fresh_until, known->kept_until, {}, now) == Knowledge::kFresh;
    if (!is_fresh) return std::nullopt;
    if (i == 0) answers.make(count);
    Landing& landing = answers.at(i);
    answer(*known, Provenance::Source::kMemory, "memory", now, landing);
    if (deduplication && std::exchange(known->round, rounds_) == rounds_) {
      landing.provenance.shared = true;
      if (!requests.agree(known->first, i)) ++answered.conflicts;
      continue;
    }
    known->first = i;
    ++answered.keys;
    if (landing.failure != nullptr) ++answered.failed;
    if (landing.provenance.stale) ++answered.stale;
  }
  return answered;
}

bool Cache::reads_store() const {
  bool is_allowed = !options_.store_only_offline || options_.offline;
  return options_.store != nullptr && codec_.decode && is_allowed;
}

// One question to the store. It owns all that it needs, so that a store that dawdles keeps nobody
// from leaving.
struct Cache::Reading {
  explicit Reading(const async::any_io_executor& executor) : ended(executor) {}

  void add(std::string_view key, std::size_t place) {
    ends.push_back((text += key).size());
    places.push_back(place);
  }

  std::string text;  // of all keys
  std::vector<std::size_t> ends;
  std::vector<std::size_t> places;  // in the caller's list
  std::vector<std::optional<store::Found>> found;
  bool has_failed = false;
  async::Event ended;
};

async::awaitable<void> Cache::look_up(std::span<const std::string_view> keys, StaleWindows windows,
                                      std::optional<async::TimePoint> deadline,
                                      std::span<Landing> landings, std::span<Knowledge> known) {
  std::shared_ptr<Reading> reading;
  if (reads_store()) reading = std::make_shared<Reading>(services_.executor);
  async::WallTime now = services_.clock.wall_now();
  for (std::size_t i = 0; i < keys.size(); ++i) {
    const Known* found = options_.memory_bytes > 0 ? memory_.find(keys[i]) : nullptr;
    if (found != nullptr) known[i] = judge(found->fresh_until, found->kept_until, windows, now);
    if (known[i] != Knowledge::kNothing) {
      answer(*found, Provenance::Source::kMemory, "memory", now, landings[i]);
    } else if (reading != nullptr) {
      reading->add(keys[i], i);
    }
  }
  if (reading == nullptr || reading->places.empty()) co_return;
  bool is_there = co_await has_answered(reading, deadline);
  if (is_there) {
    take_over(*reading, windows, landings, known);
  } else {
    ++metrics_.counters.store_read_errors;
  }
  // What a flight has brought meanwhile is newer than the store's answer.
  for (std::size_t place : reading->places) {
    if (known[place] != Knowledge::kNothing) continue;
    known[place] = look_in_memory(keys[place], windows, landings[place]);
  }
}

// Error kCancelled if the caller is.
async::awaitable<bool> Cache::has_answered(std::shared_ptr<Reading> reading,
                                           std::optional<async::TimePoint> deadline) {
  auto signal = services_.scope.spawn(read(reading));
  std::optional<async::Clock::AlarmId> alarm;
  bool is_late = false;
  if (deadline && !reading->ended.is_set()) {
    alarm = services_.clock.call_at(*deadline, [&is_late, &reading] {
      is_late = true;
      reading->ended.notify();
    });
  }
  std::optional<Error> cancelled;
  while (!reading->ended.is_set() && !is_late && !cancelled) {
    try {
      co_await reading->ended.wait();
    } catch (const Error& error) {
      cancelled = error;
    }
  }
  if (alarm) services_.clock.cancel(*alarm);
  if (!reading->ended.is_set()) {
    if (auto alive = signal.lock()) alive->emit(boost::asio::cancellation_type::terminal);
  }
  if (cancelled) throw *cancelled;
  co_return reading->ended.is_set() && !reading->has_failed;
}

async::awaitable<void> Cache::read(std::shared_ptr<Reading> reading) {
  std::vector<std::string_view> keys;
  keys.reserve(reading->ends.size());
  std::size_t begin = 0;
  for (std::size_t end : reading->ends) {
    keys.push_back(std::string_view(reading->text).substr(begin, end - begin));
    begin = end;
  }
  try {
    reading->found = co_await options_.store->get_many(keys);
  } catch (...) {
    reading->has_failed = true;
  }
  reading->ended.set();
}

void Cache::take_over(Reading& reading, StaleWindows windows, std::span<Landing> landings,
                      std::span<Knowledge> known) {
  async::WallTime now = services_.clock.wall_now();
  std::size_t begin = 0;
  for (std::size_t i = 0; i < reading.found.size(); ++i) {
    std::size_t length = reading.ends[i] - begin;
    std::string_view key = std::string_view(reading.text).substr(begin, length);
    begin = reading.ends[i];
    if (!reading.found[i]) continue;
    const store::Record& record = reading.found[i]->record;
    const Known* newer = options_.memory_bytes > 0 ? memory_.find(key) : nullptr;
    if (newer != nullptr && newer->fresh_until > record.fresh_until) {
      known[reading.places[i]] = look_in_memory(key, windows, landings[reading.places[i]]);
      continue;
    }
    Knowledge knowledge = judge(record.fresh_until, record.kept_until, windows, now);
    if (knowledge == Knowledge::kNothing) continue;
    Known decoded;
    if (!decode(record, decoded)) continue;
    std::size_t place = reading.places[i];
    known[place] = knowledge;
    answer(decoded, Provenance::Source::kStore, reading.found[i]->tier, now, landings[place]);
    remember(key, std::move(decoded));
  }
}

bool Cache::decode(const store::Record& record, Known& known) {
  known.fresh_until = record.fresh_until;
  known.kept_until = record.kept_until;
  if (record.kind == store::Record::Kind::kAbsent) {
    known.absence = std::make_shared<const Error>(ErrorCode::kNotFound, *record.bytes);
    return true;
  }
  try {
    known.value = codec_.decode(record.bytes);
  } catch (...) {
    ++metrics_.counters.damaged_records;
    return false;
  }
  return true;
}

void Cache::remember(std::string_view key, Known known) {
  if (options_.memory_bytes == 0) return;
  std::size_t bytes = known.value.bytes;
  memory_.insert(std::string(key), std::move(known), bytes);
  metrics_.gauges.memory_bytes = memory_.bytes();
}

async::WallTime Cache::later(async::WallTime time, async::Duration duration) const {
  // A lifetime of centuries means for ever; adding it would overflow.
  if (duration >= store::Record::kForever - time) return store::Record::kForever;
  return time + std::chrono::duration_cast<async::WallTime::duration>(duration);
}

void Cache::keep(const std::string& key, const Value& value, async::Duration ttl,
                 StaleWindows windows) {
  if (ttl <= async::Duration::zero()) return;
  Known known;
  known.value = value;
  known.fresh_until = later(services_.clock.wall_now(), ttl);
  async::Duration longest =
      std::max({windows.while_revalidate, windows.if_error, options_.keep_for_offline});
  known.kept_until = later(known.fresh_until, longest);
  if (options_.store != nullptr && codec_.encode) {
    store::Record record;
    try {
      record.bytes = codec_.encode(value);
      record.fresh_until = known.fresh_until;
      record.kept_until = known.kept_until;
      write_soon(key, std::move(record));
    } catch (...) {
      ++metrics_.counters.store_write_errors;
    }
  }
  remember(key, std::move(known));
}

void Cache::keep_absence(const std::string& key, std::shared_ptr<const Error> failure) {
  if (options_.negative_ttl <= async::Duration::zero()) return;
  Known known;
  known.absence = std::move(failure);
  known.fresh_until = later(services_.clock.wall_now(), options_.negative_ttl);
  known.kept_until = known.fresh_until;
  if (options_.store != nullptr && codec_.encode) {
    store::Record record;
    record.kind = store::Record::Kind::kAbsent;
    record.bytes = std::make_shared<const std::string>(known.absence->message());
    record.fresh_until = known.fresh_until;
    record.kept_until = known.kept_until;
    write_soon(key, std::move(record));
  }
  remember(key, std::move(known));
}

void Cache::write_soon(std::string key, store::Record record) {
  std::size_t bytes = key.size() + record.bytes->size();
  if (bytes_to_write_ + bytes > kMostBytesToWrite) {
    ++metrics_.counters.store_write_errors;
    return;
  }
  bytes_to_write_ += bytes;
  to_write_.push_back(store::Put{std::move(key), std::move(record)});
  if (std::exchange(writing_, true)) return;
  services_.scope.spawn(write_all());
}

// One at a time: what comes while the store is busy makes the next call of it.
async::awaitable<void> Cache::write_all() {
  while (!to_write_.empty()) {
    std::vector<store::Put> puts = std::exchange(to_write_, {});
    bytes_to_write_ = 0;
    std::size_t count = puts.size();
    try {
      co_await options_.store->put_many(std::move(puts));
    } catch (...) {
      metrics_.counters.store_write_errors += count;
    }
  }
  writing_ = false;
  written_.notify();
}

async::awaitable<void> Cache::forget(std::vector<std::string> keys) {
  for (const std::string& key : keys) {
    memory_.erase(key);
    std::erase_if(to_write_, [&key](const store::Put& put) { return put.key == key; });
  }
  if (options_.store == nullptr || !codec_.encode) co_return;
  // A write that is under way may still bring what is to be forgotten.
  while (writing_) co_await written_.wait();
  try {
    co_await options_.store->erase_many(std::move(keys));
  } catch (const std::exception&) {
    if (current_error().code() == ErrorCode::kCancelled) throw;
    ++metrics_.counters.store_write_errors;
  }
}

async::awaitable<void> Cache::flush() {
  while (writing_) co_await written_.wait();
  if (options_.store == nullptr) co_return;
  try {
    co_await options_.store->flush();
  } catch (...) {
    if (current_error().code() == ErrorCode::kCancelled) throw;
    ++metrics_.counters.store_write_errors;
  }
}

}  // namespace gantry::batch::core
