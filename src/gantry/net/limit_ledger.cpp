#include "gantry/net/limit_ledger.hpp"

#include <functional>
#include <optional>
#include <utility>

#include <boost/json.hpp>

#include "gantry/base/error.hpp"
#include "gantry/base/files.hpp"

namespace gantry::net {
namespace json = boost::json;
namespace {

constexpr std::uint64_t kLargestFile = 1 << 20;
// No limit of today is longer than a month; what is older was kept by mistake.
constexpr auto kLongestLimit = std::chrono::hours(40 * 24);

std::int64_t seconds_of(async::WallTime time) {
  return std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch()).count();
}

std::optional<async::WallTime> time_of(const json::value& seconds) {
  if (!seconds.is_int64()) return std::nullopt;
  return async::WallTime(std::chrono::seconds(seconds.get_int64()));
}

// The whole file, or an empty one.
json::object load(const std::filesystem::path& file) {
  try {
    json::value parsed = json::parse(read_file(file, kLargestFile));
    if (parsed.is_object()) return std::move(parsed.as_object());
  } catch (const std::exception&) {
    // Missing or damaged: what it knew will be learned again.
  }
  return {};
}

json::object& member(json::object& parent, std::string_view name) {
  json::value& value = parent[name];
  if (!value.is_object()) value = json::object();
  return value.as_object();
}

void change(const std::filesystem::path& file, const std::function<void(json::object&)>& edit) {
  try {
    std::filesystem::create_directories(file.parent_path());
    FileLock lock = FileLock::acquire(file.parent_path());
    json::object all = load(file);
    edit(all);
    write_file_atomically(file, json::serialize(all) + "\n");
  } catch (const std::exception&) {
    // The limit still holds for this run; the next one will learn it from the server.
  }
}

}  // namespace

LimitLedger::LimitLedger(std::filesystem::path file, std::string credential)
    : file_(std::move(file)), credential_(std::move(credential)) {}

LimitLedger::Past LimitLedger::read(async::WallTime now) const {
  Past past;
  json::object all = load(file_);
  json::object& own = member(all, credential_);
  for (const auto& [host, until] : member(own, "pauses")) {
    auto end = time_of(until);
    if (end && *end > now && *end < now + kLongestLimit) past.pauses[host] = *end;
  }
  for (const auto& [budget, times] : member(own, "calls")) {
    if (!times.is_array()) continue;
    for (const json::value& time : times.get_array()) {
      auto left = time_of(time);
      if (left && *left <= now && *left > now - kLongestLimit) past.calls[budget].push_back(*left);
    }
  }
  return past;
}

void LimitLedger::note_pause(const std::string& host, async::WallTime until) {
  change(file_, [&](json::object& all) {
    member(member(all, credential_), "pauses")[host] = seconds_of(until);
  });
}

void LimitLedger::note_call(const std::string& budget, async::WallTime left,
                            async::Duration window) {
  change(file_, [&](json::object& all) {
    json::array kept;
    json::object& calls = member(member(all, credential_), "calls");
    if (calls[budget].is_array()) {
      for (const json::value& time : calls[budget].as_array()) {
        if (auto earlier = time_of(time); earlier && *earlier > left - window) kept.push_back(time);
      }
    }
    kept.push_back(seconds_of(left));
    calls[budget] = std::move(kept);
  });
}

}  // namespace gantry::net
