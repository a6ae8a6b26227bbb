// Calls a store from a test as if it blocked: an io loop, a clock that stands still until it is
// moved, and workers.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/asio/io_context.hpp>

#include "gantry/async/clock.hpp"
#include "gantry/async/worker_pool.hpp"
#include "gantry/store/store.hpp"

#include "testing/io_loop.hpp"

namespace gantry::store {

inline Record record(std::string_view value, async::WallTime fresh_until = Record::kForever,
                     async::WallTime kept_until = Record::kForever) {
  return {Record::Kind::kValue, std::make_shared<const std::string>(value), fresh_until,
          kept_until};
}

// What was found for a key, or "(miss)".
inline std::string shown(const std::optional<Found>& found) {
  return found ? *found->record.bytes : "(miss)";
}

struct StoreDriver {
  using Answers = std::vector<std::optional<Found>>;

  Answers find(Store& store, const std::vector<std::string>& keys) {
    std::vector<std::string_view> views(keys.begin(), keys.end());
    return testing::run_for(loop, store.get_many(views));
  }
  std::vector<std::string> get_many(Store& store, const std::vector<std::string>& keys) {
    std::vector<std::string> values;
    for (const auto& found : find(store, keys)) values.push_back(shown(found));
    return values;
  }
  std::string get(Store& store, const std::string& key) { return get_many(store, {key}).front(); }

  void put_many(Store& store, std::vector<Put> puts) {
    testing::run(loop, store.put_many(std::move(puts)));
  }
  void put(Store& store, std::string key, std::string_view value) {
    put(store, std::move(key), record(value));
  }
  void put(Store& store, std::string key, Record what) {
    std::vector<Put> puts;
    puts.push_back({std::move(key), std::move(what)});
    put_many(store, std::move(puts));
  }
  void erase(Store& store, std::vector<std::string> keys) {
    testing::run(loop, store.erase_many(std::move(keys)));
  }
  void flush(Store& store) { testing::run(loop, store.flush()); }

  boost::asio::io_context loop;
  async::VirtualClock clock;
  async::WorkerPool pool{2};
};

}  // namespace gantry::store
