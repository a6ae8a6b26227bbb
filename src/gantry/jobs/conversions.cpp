#include "gantry/jobs/conversions.hpp"

namespace gantry::jobs {
namespace {

// Of files that wait for another export to want them; jobs that run at a time are not far apart.
constexpr std::uint64_t kMemory = 16ULL << 20;

batch::ProcessorOptions options() {
  batch::ProcessorOptions options;
  options.name = "conversions";
  options.memory_bytes = kMemory;
  options.negative_ttl = async::Duration(0);
  options.retry.max_retries = 0;
  options.batch = batch::BatchOptions::unbounded();
  return options;
}

std::size_t size_of(const Conversions::Files& files) {
  std::size_t size = sizeof(files);
  for (const auto& [path, file] : files) {
    size += sizeof(path) + sizeof(file) + path.text().size() + file.source.size();
    if (file.content.in_memory()) size += file.content.size();
  }
  return size;
}

async::awaitable<Conversions::Files> convert_on(async::WorkerPool& pool,
                                                std::function<Conversions::Files()> convert) {
  co_return co_await pool.run(std::move(convert));
}

}  // namespace

Conversions::Conversions(const batch::Services& services, async::WorkerPool& pool)
    : pool_(pool), processor_(services, options(), {.encode = {}, .decode = {}, .size = size_of}) {}

bool Conversions::are_shared(const std::string& recipe) const {
  auto known = exports_.find(recipe);
  return known != exports_.end() && known->second > 1;
}

async::awaitable<Conversions::Files> Conversions::get(std::string key,
                                                      std::function<Files()> convert) {
  batch::Request<Files> request;
  request.key = std::move(key);
  request.fetch = [&pool = pool_, convert = std::move(convert)](const batch::CallContext&) {
    return convert_on(pool, convert);
  };
  batch::Item<Files> item = co_await processor_.get(std::move(request));
  co_return item.value();
}

std::uint64_t Conversions::saved() const {
  batch::MetricsSnapshot metrics = processor_.metrics();
  return metrics.counters.memory_hits + metrics.counters.shared;
}

}  // namespace gantry::jobs
