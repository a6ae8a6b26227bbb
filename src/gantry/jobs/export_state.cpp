#include "gantry/jobs/export_state.hpp"

#include <memory>
#include <utility>
#include <vector>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "gantry/base/error.hpp"

namespace gantry::jobs {
namespace {

namespace json = boost::json;

std::string key_of(const std::string& export_id) { return "export/" + export_id; }

std::optional<ExportState> decoded(const store::Record& record) {
  try {
    return ExportState::decode(*record.bytes);
  } catch (const Error&) {
    return std::nullopt;
  }
}

}  // namespace

std::string ExportState::encode() const {
  json::object files;
  for (const auto& [file_key, version] : versions) files[file_key] = version;
  return json::serialize(json::object{{"madeBy", made_by.hex()},
                                      {"versions", std::move(files)},
                                      {"exported", exported},
                                      {"stamp", stamp.hex()}});
}

ExportState ExportState::decode(std::string_view text) {
  ExportState state;
  try {
    const json::object object = json::parse(text).as_object();
    for (const auto& [file_key, version] : object.at("versions").as_object()) {
      state.versions.emplace(file_key, version.as_string());
    }
    state.exported = object.at("exported").to_number<std::size_t>();
    state.made_by = Digest::from_hex(object.at("madeBy").as_string()).value();
    state.stamp = Digest::from_hex(object.at("stamp").as_string()).value();
  } catch (const std::exception& failure) {
    throw Error(ErrorCode::kBadResponse,
                std::string("not the record of an export: ") + failure.what());
  }
  return state;
}

async::awaitable<std::optional<ExportState>> find_export_state(store::Store& store,
                                                               std::string export_id) {
  std::string key = key_of(export_id);
  std::vector<std::string_view> keys{key};
  try {
    auto found = co_await store.get_many(keys);
    if (found.front()) co_return decoded(found.front()->record);
  } catch (const Error& error) {
    if (error.code() == ErrorCode::kCancelled) throw;
  }
  co_return std::nullopt;
}

async::awaitable<void> keep_export_state(store::Store& store, std::string export_id,
                                         ExportState state) {
  store::Put put;
  put.key = key_of(export_id);
  put.record.bytes = std::make_shared<const std::string>(state.encode());
  std::vector<store::Put> puts;
  puts.push_back(std::move(put));
  try {
    co_await store.put_many(std::move(puts));
  } catch (const Error& error) {
    if (error.code() == ErrorCode::kCancelled) throw;
  }
}

}  // namespace gantry::jobs
