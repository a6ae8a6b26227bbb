#include "gantry/jobs/download_pace.hpp"

#include <charconv>
#include <memory>
#include <utility>
#include <vector>

namespace gantry::jobs {
namespace {

// What fewer downloads have shown is chance.
constexpr int kEnoughAnswers = 200;

std::string key_of(const std::string& host) { return "downloads/" + host; }

}  // namespace

DownloadPace::DownloadPace(net::AdmissionQueue& queue, std::string pool, async::Clock& clock,
                           async::TaskScope& scope, store::Store* store, Options options)
    : queue_(queue),
      pool_(std::move(pool)),
      clock_(clock),
      scope_(scope),
      store_(store),
      controller_(options) {
  apply();
}

void DownloadPace::apply() {
  queue_.set_pool(pool_, controller_.limit(), net::LaneOrder::kEarliestJobFirst);
}

// The slot of the attempt goes back after this, and then those of a limit that has grown are given
// away, too.
void DownloadPace::attempt_ended(const net::TicketRequest& ticket, async::Duration took,
                                 bool failed) {
  auto [host, is_new] = answers_.try_emplace(ticket.host);
  if (is_new && store_ != nullptr) scope_.spawn(recall(ticket.host));
  ++host->second;
  int before = controller_.limit();
  controller_.ended(clock_.now(), took, failed, queue_.slots_in_use(pool_));
  if (controller_.limit() != before) apply();
}

async::awaitable<void> DownloadPace::recall(std::string host) {
  std::string key = key_of(host);
  std::vector<std::string_view> keys{key};
  try {
    auto found = co_await store_->get_many(keys);
    if (!found.front()) co_return;
    const std::string& text = *found.front()->record.bytes;
    int limit = 0;
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), limit);
    if (error != std::errc() || end != text.data() + text.size()) co_return;
    controller_.start_at(limit);
    apply();
  } catch (const Error&) {
    // Then it is found anew.
  }
}

async::awaitable<void> DownloadPace::keep() {
  if (store_ == nullptr) co_return;
  std::vector<store::Put> puts;
  for (const auto& [host, answers] : answers_) {
    if (answers < kEnoughAnswers) continue;
    store::Put put;
    put.key = key_of(host);
    put.record.bytes = std::make_shared<const std::string>(std::to_string(controller_.settled()));
    puts.push_back(std::move(put));
  }
  if (puts.empty()) co_return;
  try {
    co_await store_->put_many(std::move(puts));
  } catch (const Error& error) {
    if (error.code() == ErrorCode::kCancelled) throw;
  }
}

}  // namespace gantry::jobs
