#include "gantry/figma/fingerprint_book.hpp"

#include <memory>
#include <utility>

#include "gantry/figma/node_planner.hpp"

namespace gantry::figma {
namespace {

using Planner = NodePlanner<std::optional<Digest>>;

// Keys are "FILE/1:2"; a file key may be anything that somebody has configured, with slashes too.
std::string whole_group(std::string_view group) { return std::string(group); }

}  // namespace

FingerprintBook::FingerprintBook(const batch::Services& services, Api& api,
                                 const batch::ProcessorOptions& options)
    : processor_(services, options, {}) {
  processor_.add_planner(std::make_unique<Planner>(
      api, Planner::Question{"/nodes?geometry=paths&ids=", whole_group, parse_fingerprints}));
}

async::awaitable<std::vector<Outcome<std::optional<Digest>>>> FingerprintBook::get(
    std::string file_key, std::vector<std::string> ids, batch::JobContext job) {
  batch::BatchOptions options = batch::BatchOptions::unbounded(std::move(job));
  options.grouping = batch::Grouping::kCustom;
  options.grouper = [](std::string_view key) { return std::string(Planner::group_of(key)); };
  options.batch_size = static_cast<int>(kIdsInOneCall);
  std::vector<batch::Request<Fingerprint>> requests(ids.size());
  for (std::size_t i = 0; i < ids.size(); ++i) requests[i].key = file_key + "/" + ids[i];
  auto items = co_await processor_.process(requests, std::move(options));
  std::vector<Outcome<Fingerprint>> outcomes;
  outcomes.reserve(items.size());
  for (const auto& item : items) {
    if (item) {
      outcomes.emplace_back(item.value());
    } else {
      outcomes.emplace_back(tl::unexpect, item.error());
    }
  }
  co_return outcomes;
}

}  // namespace gantry::figma
