#include "gantry/jobs/older_cache.hpp"

#include <memory>
#include <utility>
#include <vector>

#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include "gantry/base/error.hpp"
#include "gantry/base/files.hpp"

namespace gantry::jobs {
namespace {

namespace json = boost::json;

constexpr std::uint64_t kMostBytes = 64 << 20;
constexpr int kNewestSchema = 2;  // 1 has the same members

std::string text_of(const json::object& object, std::string_view key) {
  const json::value* member = object.if_contains(key);
  return member != nullptr && member->is_string() ? std::string(member->get_string()) : "";
}

std::string encode(const OlderCache::File& file) {
  return json::serialize(json::object{
      {"version", file.version}, {"lastExport", file.last_export}, {"fileName", file.name}});
}

}  // namespace

OlderCache OlderCache::decode(std::string_view text) {
  OlderCache cache;
  int schema = 0;
  try {
    const json::object object = json::parse(text).as_object();
    schema = object.at("schemaVersion").to_number<int>();
    for (const auto& [key, value] : object.at("files").as_object()) {
      const json::object& file = value.as_object();
      cache.files[key] = {std::string(file.at("version").as_string()), text_of(file, "lastExport"),
                          text_of(file, "fileName")};
    }
  } catch (const std::exception& failure) {
    if (schema <= kNewestSchema) {
      throw Error(ErrorCode::kBadResponse, std::string("it cannot be read: ") + failure.what());
    }
  }
  if (schema > kNewestSchema) {
    throw Error(ErrorCode::kBadResponse,
                fmt::format("its schema {} is newer than {}", schema, kNewestSchema));
  }
  return cache;
}

OlderCache read_older_cache(const std::filesystem::path& path) {
  return OlderCache::decode(read_file(path, kMostBytes));
}

async::awaitable<void> keep_older_cache(store::Store& store, OlderCache cache) {
  std::vector<store::Put> puts;
  for (const auto& [key, file] : cache.files) {
    store::Put put;
    put.key = "exfig/" + key;
    put.record.bytes = std::make_shared<const std::string>(encode(file));
    puts.push_back(std::move(put));
  }
  try {
    co_await store.put_many(std::move(puts));
  } catch (const Error& error) {
    if (error.code() == ErrorCode::kCancelled) throw;
  }
}

}  // namespace gantry::jobs
