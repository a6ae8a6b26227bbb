// Files from a CDN: each fetched once, checked by its content, kept in the blob store.
//
// A download is keyed by what it is (file, version, node, format...), never by its address. An
// address that is refused is asked for again from its source. Io thread.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <unordered_set>
#include <vector>

#include "gantry/async/task_scope.hpp"
#include "gantry/async/worker_pool.hpp"
#include "gantry/base/blob.hpp"
#include "gantry/batch/batch_processor.hpp"
#include "gantry/net/client.hpp"
#include "gantry/store/blob_store.hpp"

namespace gantry::batch {

enum class Content { kSvg, kPng, kJpg, kPdf };

// Whether a body is a whole file of this type, judged by its bytes. kBadResponse with
// Retry::kSameRequest says what it is instead: a server's page, a truncated file.
void check_content(Content content, const Blob& body);

struct Download {
  std::string key;            // empty: not to be stored and not shared
  bool may_be_stored = true;  // false: stored() said that no earlier run has kept it
  Content content = Content::kSvg;
  std::uint64_t largest = 1ULL << 30;  // bytes
  std::string name;                    // for messages: "component 'ic/24/bell'"
  // The address. `refused` is one that did not work (any more), or empty.
  std::function<async::awaitable<std::string>(std::string refused)> address;
};

class Downloads {
 public:
  struct Options {
    std::filesystem::path spill_folder;  // for bodies that do not fit in memory
    net::RetryPolicy retry;
    std::string pool = "downloads";  // of the admission queue
    net::AttemptObserver* observer = nullptr;
  };

  // `store` may be null.
  Downloads(const Services& services, async::WorkerPool& pool, net::Client& client,
            store::BlobStore* store, Options options);

  // Which of these keys need no download.
  async::awaitable<std::vector<bool>> stored(std::vector<std::string> keys);

  // The file. Errors name the download: kNotFound, kForbidden, kBadResponse, and what
  // net::Client::send throws.
  async::awaitable<Blob> get(Download wanted, JobContext context);

 private:
  async::awaitable<Blob> fetch(Download wanted, CallContext context);
  async::awaitable<net::HttpResponse> send(const Download& wanted, const CallContext& context,
                                           const std::string& address);

  async::WorkerPool& pool_;
  net::Client& client_;
  store::BlobStore* store_;
  Options options_;
  BatchProcessor<Blob> flights_;
  std::unordered_set<std::size_t> landed_;  // hashes of the keys that this run has stored
};

}  // namespace gantry::batch
