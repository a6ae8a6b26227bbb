#include "gantry/jobs/checkpoint.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "gantry/base/error.hpp"
#include "gantry/base/files.hpp"

namespace gantry::jobs {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;

constexpr std::uint64_t kMostBytes = 64 << 20;
constexpr auto kLifetime = std::chrono::hours(24);
constexpr int kSchema = 1;

std::int64_t seconds_of(async::WallTime time) {
  return std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch()).count();
}

}  // namespace

std::string CheckpointRecord::encode() const {
  json::array paths(requested.begin(), requested.end());
  json::object configurations;
  for (const auto& [path, digest] : finished) configurations[path] = digest.hex();
  return json::serialize(json::object{{"schemaVersion", kSchema},
                                      {"started", seconds_of(started)},
                                      {"requested", std::move(paths)},
                                      {"finished", std::move(configurations)}}) +
         "\n";
}

CheckpointRecord CheckpointRecord::decode(std::string_view text) {
  CheckpointRecord record;
  try {
    const json::object object = json::parse(text).as_object();
    if (object.at("schemaVersion").to_number<int>() != kSchema) {
      throw Error(ErrorCode::kBadResponse, "another version of Gantry has written it");
    }
    record.started =
        async::WallTime(std::chrono::seconds(object.at("started").to_number<std::int64_t>()));
    for (const json::value& path : object.at("requested").as_array()) {
      record.requested.emplace_back(path.as_string());
    }
    for (const auto& [path, hex] : object.at("finished").as_object()) {
      record.finished.emplace(path, Digest::from_hex(hex.as_string()).value());
    }
  } catch (const std::exception& failure) {
    throw Error(ErrorCode::kBadResponse, std::string("it cannot be read: ") + failure.what());
  }
  return record;
}

Checkpoint::Checkpoint(fs::path path, std::vector<std::string> requested, bool resume,
                       async::WallTime now)
    : path_(std::move(path)) {
  std::sort(requested.begin(), requested.end());
  record_.requested = std::move(requested);
  record_.started = now;
  if (resume) this->resume(now);
}

void Checkpoint::resume(async::WallTime now) {
  auto start_afresh = [this](const std::string& reason) {
    warning_ = path_.string() + " is not used, everything starts afresh: " + reason;
  };
  try {
    CheckpointRecord last = CheckpointRecord::decode(read_file(path_, kMostBytes));
    if (now - last.started > kLifetime) return start_afresh("it is more than a day old");
    if (last.requested != record_.requested) {
      return start_afresh("it is of a run with other configurations");
    }
    record_ = std::move(last);
  } catch (const Error& error) {
    if (error.code() != ErrorCode::kNotFound) start_afresh(error.message());
  }
}

bool Checkpoint::is_finished(const std::string& configuration, const Digest& bytes) const {
  auto found = record_.finished.find(configuration);
  return found != record_.finished.end() && found->second == bytes;
}

void Checkpoint::save() const { write_file_atomically(path_, record_.encode()); }

void Checkpoint::finished(const std::string& configuration, const Digest& bytes) {
  record_.finished[configuration] = bytes;
  save();
}

void Checkpoint::remove() const {
  std::error_code ignored;
  fs::remove(path_, ignored);
}

}  // namespace gantry::jobs
