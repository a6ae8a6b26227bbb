#include "gantry/figma/fingerprint_book.hpp"

#include <memory>
#include <utility>

#include "gantry/figma/address_book.hpp"
#include "gantry/figma/errors.hpp"

namespace gantry::figma {
namespace {

// Keys are "FILE/1:2"; a file key may be anything that somebody has configured, with slashes too.
std::string_view file_part(std::string_view key) { return key.substr(0, key.rfind('/')); }
std::string id_part(std::string_view key) { return std::string(key.substr(key.rfind('/') + 1)); }

// A call that Figma finds too large is halved. Only the first goes on the ticket of `call`.
async::awaitable<Fingerprints> fetch_fingerprints(Api& api, std::vector<std::string> ids,
                                                  Api::Call call) {
  call.path = file_path(call.file_key, "/nodes?geometry=paths&ids=" + joined(ids));
  call.tier = Tier::kFirst;
  net::HttpResponse response = co_await api.send(call);
  if (asked_for_too_much(response) && ids.size() > 1) {
    call.context.grant = nullptr;
    auto middle = ids.begin() + static_cast<std::ptrdiff_t>(ids.size() / 2);
    std::vector<std::string> left(ids.begin(), middle);
    std::vector<std::string> right(middle, ids.end());
    Fingerprints all = co_await fetch_fingerprints(api, std::move(left), call);
    Fingerprints rest = co_await fetch_fingerprints(api, std::move(right), call);
    all.merge(rest);
    co_return all;
  }
  if (response.status < 200 || response.status >= 300) throw api.refuse(response, call.file_key);
  co_return parse_fingerprints(response.body.view());
}

}  // namespace

class FingerprintBook::Planner final : public batch::GroupPlanner<Fingerprint> {
 public:
  explicit Planner(Api& api) : api_(api) {}

  std::optional<batch::Cost> cost(std::string_view,
                                  std::span<const std::string_view>) const override {
    return batch::Cost();
  }

  async::awaitable<batch::Answers<Fingerprint>> fetch(std::string group,
                                                      std::vector<std::string> keys,
                                                      batch::CallContext context) override {
    std::vector<std::string> ids;
    ids.reserve(keys.size());
    for (const std::string& key : keys) ids.push_back(id_part(key));
    Api::Call call;
    call.file_key = group;
    call.context = std::move(context);
    Fingerprints found = co_await fetch_fingerprints(api_, std::move(ids), std::move(call));
    batch::Answers<Fingerprint> answers;
    for (const std::string& key : keys) answers.emplace(key, found[id_part(key)]);
    co_return answers;
  }

 private:
  Api& api_;
};

FingerprintBook::FingerprintBook(const batch::Services& services, Api& api,
                                 const batch::ProcessorOptions& options)
    : processor_(services, options, {}) {
  processor_.add_planner(std::make_unique<Planner>(api));
}

async::awaitable<std::vector<Outcome<std::optional<Digest>>>> FingerprintBook::get(
    std::string file_key, std::vector<std::string> ids, batch::JobContext job) {
  batch::BatchOptions options = batch::BatchOptions::unbounded();
  options.grouping = batch::Grouping::kCustom;
  options.grouper = [](std::string_view key) { return std::string(file_part(key)); };
  options.batch_size = static_cast<int>(kIdsInOneCall);
  options.job = std::move(job);
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
