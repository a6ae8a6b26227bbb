#include "gantry/github/files.hpp"

#include <algorithm>
#include <deque>
#include <utility>

#include <fmt/format.h>

#include "gantry/store/memory_store.hpp"

namespace gantry::github {
namespace {

constexpr std::size_t kOwnStore = 128UL << 20;
constexpr auto kForGood = std::chrono::hours(24 * 365);
constexpr std::chrono::seconds kShortestTree(10);
constexpr int kFilesOfACall = 100;
// A tree that does not come as a whole is walked in so many calls at most.
constexpr int kMostWalkCalls = 200;

std::string key_of(const Repository& repository) {
  return fmt::format("tree:{}:{}:{}", repository.owner, repository.name, repository.branch);
}

std::string key_of(const Repository& repository, const TreeEntry& file) {
  return fmt::format("blob:{}/{}:{}", repository.owner, repository.name, file.sha);
}

std::chrono::seconds tree_lifetime(const Lifetimes& lifetimes) {
  return std::min({lifetimes.metadata, lifetimes.sources, lifetimes.lists});
}

batch::ProcessorOptions tree_options(const ClientOptions& options) {
  batch::ProcessorOptions processor;
  processor.name = "github trees";
  processor.memory_bytes = kMemory;
  processor.ttl = std::max(tree_lifetime(options.lifetimes), kShortestTree);
  processor.negative_ttl = async::Duration(0);
  processor.retry.max_retries = 0;  // net::Client has done it
  return processor;
}

batch::ProcessorOptions file_options(const ClientOptions& options) {
  batch::ProcessorOptions processor;
  processor.name = "github files";
  processor.store = options.store;
  processor.memory_bytes = kMemory;
  processor.ttl = kForGood;
  processor.negative_ttl = async::Duration(0);
  processor.retry.max_retries = 0;
  return processor;
}

batch::Codec<Tree> tree_codec() {
  batch::Codec<Tree> codec;
  codec.size = [](const Tree& tree) { return tree.bytes(); };
  return codec;
}

void add_below(const TreeEntry& folder, std::vector<TreeEntry> found,
               std::vector<TreeEntry>& entries, std::deque<TreeEntry>* folders) {
  if (entries.size() + found.size() > kMostEntries) {
    throw Error(ErrorCode::kTooLarge,
                fmt::format("the tree of the repository has more than {} entries", kMostEntries));
  }
  for (TreeEntry& entry : found) {
    if (!folder.path.empty()) entry.path.insert(0, folder.path + "/");
    if (entry.is_folder && folders != nullptr) folders->push_back(entry);
    entries.push_back(std::move(entry));
  }
}

}  // namespace

// Many files with one call of GraphQL. What it does not bring comes from the raw host.
class Files::TextPlanner final : public batch::GroupPlanner<std::string> {
 public:
  explicit TextPlanner(Api& api) : api_(api) {}

  std::optional<batch::Cost> cost(std::string_view /*group*/,
                                  std::span<const std::string_view> /*keys*/) const override {
    if (!api_.can_ask_for_texts()) return std::nullopt;
    return batch::Cost{.calls = 1};
  }

  async::awaitable<batch::Answers<std::string>> fetch(std::string group,
                                                      std::vector<std::string> keys,
                                                      batch::CallContext context) override {
    std::size_t colon = group.find(':');
    std::size_t slash = group.find('/');
    std::vector<std::string> shas;
    for (const std::string& key : keys) shas.push_back(key.substr(group.size() + 1));
    std::string owner = group.substr(colon + 1, slash - colon - 1);
    std::string repository = group.substr(slash + 1);
    auto texts = co_await api_.texts(std::move(owner), std::move(repository), std::move(shas),
                                     std::move(context));
    batch::Answers<std::string> answers;
    for (std::size_t i = 0; i < keys.size(); ++i) {
      if (texts[i]) answers.emplace(keys[i], std::move(*texts[i]));
    }
    co_return answers;
  }

 private:
  Api& api_;
};

Files::Files(const batch::Services& services, net::Client& http, const ClientOptions& options)
    : options_(options),
      clock_(services.clock),
      api_(http, services.admission, options),
      own_store_(options.store != nullptr
                     ? nullptr
                     : std::make_unique<store::MemoryStore>(services.clock, kOwnStore)),
      store_(options.store != nullptr ? *options.store : *own_store_),
      trees_(services, tree_options(options), tree_codec()),
      files_(services, file_options(options)) {
  files_.add_planner(std::make_unique<TextPlanner>(api_));
}

async::awaitable<Files::KnownTree> Files::read_known(std::string key) {
  KnownTree known;
  std::string_view view = key;
  try {
    auto found = co_await store_.get_many(std::span<const std::string_view>(&view, 1));
    if (found.front() && found.front()->record.kind == store::Record::Kind::kValue) {
      const store::Record& record = found.front()->record;
      std::size_t end = record.bytes->find('\n');
      if (end != std::string::npos) {
        known.etag = record.bytes->substr(0, end);
        known.text = record.bytes->substr(end + 1);
        // When it was asked for; how long that is good says who reads it.
        known.is_fresh = record.fresh_until + tree_lifetime(options_.lifetimes) > clock_.wall_now();
      }
    }
  } catch (const Error& error) {
    if (error.code() == ErrorCode::kCancelled) throw;  // else nothing is known
  }
  co_return known;
}

async::awaitable<void> Files::keep(std::string key, KnownTree known) {
  store::Put put;
  put.key = std::move(key);
  put.record.bytes = std::make_shared<const std::string>(known.etag + "\n" + known.text);
  put.record.fresh_until = clock_.wall_now();
  put.record.kept_until = clock_.wall_now() + kKept;
  std::vector<store::Put> puts;
  puts.push_back(std::move(put));
  try {
    co_await store_.put_many(std::move(puts));
  } catch (const Error& error) {
    if (error.code() == ErrorCode::kCancelled) throw;  // else it is asked for again
  }
}

async::awaitable<Tree> Files::fetch_tree(Repository repository, batch::CallContext context) {
  std::string key = key_of(repository);
  KnownTree known = co_await read_known(key);
  std::optional<Tree> tree;
  if (!known.text.empty()) {
    try {
      tree = Tree::decode(known.text);
    } catch (const Error&) {
      known = KnownTree();  // damaged
    }
  }
  if (tree && known.is_fresh && !doubted_.contains(key)) co_return std::move(*tree);
  Api::TreeResponse answer =
      co_await api_.tree(repository, repository.branch, true, known.etag, context);
  doubted_.erase(key);
  known.etag = answer.etag;
  if (!answer.is_unmodified && answer.tree.truncated) {
    tree = co_await walk(repository, answer.tree.sha, context);
  } else if (!answer.is_unmodified) {
    tree = Tree(std::move(answer.tree.entries));
  }
  if (!answer.is_unmodified) known.text = tree->encode();
  co_await keep(std::move(key), std::move(known));
  co_return std::move(*tree);
}

// Folder by folder, each as a whole where GitHub can.
async::awaitable<Tree> Files::walk(Repository repository, std::string sha,
                                   batch::CallContext context) {
  std::vector<TreeEntry> entries;
  std::deque<TreeEntry> folders;
  int calls = 1;
  Api::TreeResponse root = co_await api_.tree(repository, std::move(sha), false, "", context);
  if (root.tree.truncated) {
    throw Error(ErrorCode::kTooLarge, repository.text() + ": GitHub cannot list its first folder");
  }
  add_below(TreeEntry(), std::move(root.tree.entries), entries, &folders);
  while (!folders.empty()) {
    TreeEntry folder = std::move(folders.front());
    folders.pop_front();
    for (bool is_recursive : {true, false}) {
      if (++calls > kMostWalkCalls) {
        throw Error(ErrorCode::kTooLarge, fmt::format("{}: its tree needs more than {} calls",
                                                      repository.text(), kMostWalkCalls));
      }
      Api::TreeResponse answer =
          co_await api_.tree(repository, folder.sha, is_recursive, "", context);
      if (answer.tree.truncated && is_recursive) continue;
      if (answer.tree.truncated) {
        throw Error(ErrorCode::kTooLarge, fmt::format("{}: GitHub cannot list its folder {}",
                                                      repository.text(), folder.path));
      }
      add_below(folder, std::move(answer.tree.entries), entries, is_recursive ? nullptr : &folders);
      break;
    }
  }
  co_return Tree(std::move(entries));
}

async::awaitable<std::shared_ptr<const Tree>> Files::tree(Repository repository,
                                                          batch::JobContext job) {
  batch::Request<Tree> request;
  request.key = key_of(repository);
  request.fetch = [this, repository](batch::CallContext context) {
    return fetch_tree(repository, std::move(context));
  };
  batch::Item<Tree> item =
      co_await trees_.get(std::move(request), batch::BatchOptions::unbounded(std::move(job)));
  if (!item.ok()) throw item.error();
  co_return item.share();
}

async::awaitable<bool> Files::revalidate(Repository repository, batch::JobContext job) {
  std::string key = key_of(repository);
  KnownTree before = co_await read_known(key);
  doubted_.insert(key);
  std::vector<std::string> keys = {key};
  co_await trees_.forget(std::move(keys));
  auto now = co_await tree(std::move(repository), std::move(job));
  co_return before.text.empty() || before.text != now->encode();
}

async::awaitable<std::string> Files::fetch_file(Repository repository, TreeEntry file,
                                                batch::CallContext context) {
  std::string text = co_await api_.raw_file(repository, file.path, context);
  if (blob_sha(text) == file.sha) co_return text;
  // The branch has moved on since its tree was read, or the raw host is behind.
  text = co_await api_.blob(std::move(repository), file.sha, std::move(context));
  if (blob_sha(text) == file.sha) co_return text;
  throw Error(ErrorCode::kBadResponse,
              fmt::format("{}: the bytes are not those that the tree names", file.path));
}

void Files::check_size(const TreeEntry& file) {
  if (file.size <= kLargestFile) return;
  throw Error(ErrorCode::kTooLarge,
              fmt::format("{}: {} bytes, more than the 8 MiB that are read", file.path, file.size));
}

async::awaitable<std::vector<batch::Item<std::string>>> Files::contents(
    Repository repository, std::vector<TreeEntry> files, batch::JobContext job) {
  std::vector<batch::Request<std::string>> requests;
  for (TreeEntry& file : files) {
    check_size(file);
    batch::Request<std::string> request;
    request.key = key_of(repository, file);
    request.fetch = [this, repository, file](batch::CallContext context) {
      return fetch_file(repository, file, std::move(context));
    };
    requests.push_back(std::move(request));
  }
  batch::BatchOptions options = batch::BatchOptions::unbounded(std::move(job));
  options.batch_size = kFilesOfACall;
  co_return co_await files_.process(requests, std::move(options));
}

std::vector<batch::MetricsSnapshot> Files::metrics() const {
  return {trees_.metrics(), files_.metrics()};
}

async::awaitable<void> Files::flush() {
  co_await files_.flush();
  co_await store_.flush();
}

}  // namespace gantry::github
