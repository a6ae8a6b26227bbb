#include "gantry/github/client.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "gantry/base/pretty_json.hpp"
#include "gantry/github/answers.hpp"
#include "gantry/github/files.hpp"
#include "gantry/github/metadata.hpp"

namespace gantry::github {
namespace {

constexpr int kKeysOfACall = 100;

enum class FileKind { kComponent, kDemo };

const char* prefix_of(FileKind kind) {
  return kind == FileKind::kComponent ? "component" : "component-demo";
}

ClientOptions normal(ClientOptions options) {
  for (std::string* url : {&options.api_url, &options.raw_url}) {
    while (url->ends_with('/')) url->pop_back();
  }
  if (options.concurrency < 1 || options.concurrency > 20) {
    throw Error(ErrorCode::kUsage, "the concurrency of component registries is from 1 to 20");
  }
  return options;
}

batch::ProcessorOptions answer_options(const ClientOptions& options) {
  batch::ProcessorOptions processor;
  processor.name = "github answers";
  processor.store = options.store;
  processor.memory_bytes = kMemory;
  processor.keep_for_offline = kKept;
  processor.offline = options.offline;
  processor.retry.max_retries = 0;  // net::Client has done it
  return processor;
}

Answer failed(const Error& error) {
  batch::core::Landing landing;
  landing.failure = std::make_shared<const Error>(error);
  return Answer(std::move(landing));
}

Error no_such(const std::string& what, const std::string& framework, const Repository& repository) {
  return Error(ErrorCode::kNotFound,
               fmt::format("{} has no {} ({})", framework, what, repository.text()))
      .with_status(404);
}

}  // namespace

class Client::State {
 public:
  State(const batch::Services& services, net::Client& http, ClientOptions given)
      : options(normal(std::move(given))),
        files(services, http, options),
        answers(services, answer_options(options)),
        metadata_files(services, metadata_options()) {
    answers.add_planner(std::make_unique<FilePlanner>(*this));
  }

  // Of a name that is good; what makes its key and how it is fetched.
  using Fetch = std::function<async::awaitable<std::string>(batch::CallContext)>;
  batch::Request<std::string> request(std::string key, std::chrono::seconds lifetime,
                                      Fetch fetch) const {
    batch::Request<std::string> request;
    request.key = std::move(key);
    request.ttl = lifetime;
    request.fetch = std::move(fetch);
    return request;
  }

  using MakeRequest = std::function<batch::Request<std::string>(std::string name)>;
  async::awaitable<Answers> ask(std::vector<std::string> names, MakeRequest make,
                                batch::JobContext job);
  async::awaitable<Answer> ask_one(batch::Request<std::string> request, batch::JobContext job);

  async::awaitable<Answers> ask_for_files(FileKind kind, Registry registry,
                                          std::vector<std::string> names, batch::JobContext job);
  async::awaitable<batch::Answers<std::string>> fetch_files(FileKind kind, Registry registry,
                                                            std::vector<std::string> names,
                                                            batch::JobContext job);
  async::awaitable<std::string> fetch_file(FileKind kind, Registry registry, std::string name,
                                           batch::CallContext context);
  async::awaitable<std::string> fetch_metadata(Registry registry, std::string name,
                                               batch::CallContext context);
  async::awaitable<MetadataByName> fetch_metadata_file(Registry registry, TreeEntry file,
                                                       batch::CallContext context);
  async::awaitable<std::string> fetch_block(Registry registry, std::string name,
                                            bool include_components, batch::CallContext context);
  async::awaitable<std::string> fetch_component_list(Registry registry, batch::CallContext context);
  async::awaitable<std::string> fetch_block_list(Registry registry,
                                                 std::optional<std::string> category,
                                                 batch::CallContext context);
  async::awaitable<std::string> fetch_directory(Repository repository, std::string path,
                                                batch::CallContext context);
  async::awaitable<void> forget(Registry registry, std::vector<std::string> names,
                                std::shared_ptr<const Tree> tree);

  const ClientOptions options;
  Files files;
  batch::BatchProcessor<std::string> answers;
  batch::BatchProcessor<MetadataByName> metadata_files;

 private:
  // The files of many components together, so that they come in few calls.
  class FilePlanner final : public batch::GroupPlanner<std::string> {
   public:
    explicit FilePlanner(State& state) : state_(state) {}

    std::optional<batch::Cost> cost(std::string_view group,
                                    std::span<const std::string_view> /*keys*/) const override {
      if (!state_.groups_.contains(group)) return std::nullopt;
      return batch::Cost{.calls = 1};
    }

    async::awaitable<batch::Answers<std::string>> fetch(std::string group,
                                                        std::vector<std::string> keys,
                                                        batch::CallContext context) override {
      const Group& known = state_.groups_.find(group)->second;
      std::vector<std::string> names;
      for (const std::string& key : keys) names.push_back(key.substr(group.size() + 1));
      return state_.fetch_files(known.kind, known.registry, std::move(names), context.job);
    }

   private:
    State& state_;
  };

  struct Group {
    FileKind kind;
    Registry registry;
  };

  static batch::ProcessorOptions metadata_options() {
    batch::ProcessorOptions processor;
    processor.name = "github metadata";
    processor.memory_bytes = kMemory;
    processor.negative_ttl = async::Duration(0);
    processor.retry.max_retries = 0;
    return processor;
  }

  Answer honest(Answer answer, const std::string& key) const;

  std::map<std::string, Group, std::less<>> groups_;  // "component:react"
};

// Only GitHub can tell that there is no such thing. What was never kept may well exist.
Answer Client::State::honest(Answer answer, const std::string& key) const {
  bool is_unknown =
      options.offline && !answer.ok() && answer.error().code() == ErrorCode::kNotFound;
  if (!is_unknown) return answer;
  return failed(Error(ErrorCode::kNetwork, key + " is not in the cache, and the run is offline"));
}

async::awaitable<Answers> Client::State::ask(std::vector<std::string> names, MakeRequest make,
                                             batch::JobContext job) {
  std::vector<batch::Request<std::string>> requests;
  std::vector<std::optional<Error>> wrong(names.size());
  for (std::size_t i = 0; i < names.size(); ++i) {
    try {
      requests.push_back(make(checked_name(names[i])));
    } catch (const Error& error) {
      wrong[i] = error;
    }
  }
  batch::BatchOptions batch = batch::BatchOptions::unbounded(std::move(job));
  batch.concurrency = options.concurrency;
  batch.batch_size = kKeysOfACall;
  batch.stale_if_error = kKept;
  Answers found;
  if (!requests.empty()) found = co_await answers.process(requests, std::move(batch));
  Answers all;
  std::size_t next = 0;
  for (const std::optional<Error>& error : wrong) {
    if (error) {
      all.push_back(failed(*error));
    } else {
      all.push_back(honest(std::move(found[next]), requests[next].key));
      ++next;
    }
  }
  co_return all;
}

async::awaitable<Answer> Client::State::ask_one(batch::Request<std::string> request,
                                                batch::JobContext job) {
  std::string key = request.key;
  batch::BatchOptions batch = batch::BatchOptions::unbounded(std::move(job));
  batch.stale_if_error = kKept;
  Answer answer = co_await answers.get(std::move(request), std::move(batch));
  co_return honest(std::move(answer), key);
}

async::awaitable<Answers> Client::State::ask_for_files(FileKind kind, Registry registry,
                                                       std::vector<std::string> names,
                                                       batch::JobContext job) {
  std::string group = fmt::format("{}:{}", prefix_of(kind), registry.framework);
  groups_.insert_or_assign(group, Group{kind, registry});
  MakeRequest make = [this, kind, registry, group](std::string name) {
    std::string key = group + ":" + name;
    return request(std::move(key), options.lifetimes.sources,
                   [this, kind, registry, name](batch::CallContext context) {
                     return fetch_file(kind, registry, name, std::move(context));
                   });
  };
  return ask(std::move(names), std::move(make), std::move(job));
}

async::awaitable<batch::Answers<std::string>> Client::State::fetch_files(
    FileKind kind, Registry registry, std::vector<std::string> names, batch::JobContext job) {
  auto tree = co_await files.tree(registry.repository, job);
  bool is_component = kind == FileKind::kComponent;
  batch::Answers<std::string> found;
  std::vector<TreeEntry> wanted;
  std::vector<std::string> keys;
  for (const std::string& name : names) {
    std::string key = fmt::format("{}:{}:{}", prefix_of(kind), registry.framework, name);
    const auto& patterns = is_component ? registry.components : registry.demos;
    if (const TreeEntry* entry = find_by(patterns, *tree, name)) {
      try {
        Files::check_size(*entry);
        wanted.push_back(*entry);
        keys.push_back(std::move(key));
      } catch (const Error& error) {
        found.emplace(std::move(key), tl::unexpected(error));
      }
      continue;
    }
    std::string what = fmt::format("{} '{}'", is_component ? "component" : "demo of", name);
    found.emplace(std::move(key),
                  tl::unexpected(no_such(what, registry.framework, registry.repository)));
  }
  auto contents = co_await files.contents(registry.repository, std::move(wanted), std::move(job));
  for (std::size_t i = 0; i < keys.size(); ++i) {
    if (contents[i].ok()) {
      found.emplace(keys[i], contents[i].value());
    } else {
      found.emplace(keys[i], tl::unexpected(contents[i].error()));
    }
  }
  co_return found;
}

async::awaitable<std::string> Client::State::fetch_file(FileKind kind, Registry registry,
                                                        std::string name,
                                                        batch::CallContext context) {
  std::vector<std::string> names = {std::move(name)};
  batch::Answers<std::string> found =
      co_await fetch_files(kind, std::move(registry), std::move(names), std::move(context.job));
  Outcome<std::string>& only = found.begin()->second;
  if (!only) throw only.error();
  co_return std::move(*only);
}

async::awaitable<MetadataByName> Client::State::fetch_metadata_file(Registry registry,
                                                                    TreeEntry file,
                                                                    batch::CallContext context) {
  std::string path = file.path;
  std::vector<TreeEntry> wanted = {std::move(file)};
  auto contents = co_await files.contents(registry.repository, std::move(wanted), context.job);
  co_return parse_registry_file(contents.front().value(), path, registry.style);
}

async::awaitable<std::string> Client::State::fetch_metadata(Registry registry, std::string name,
                                                            batch::CallContext context) {
  auto tree = co_await files.tree(registry.repository, context.job);
  const TreeEntry* file = tree->find_file(registry.metadata);
  if (file == nullptr) {
    throw Error(
        ErrorCode::kBadResponse,
        fmt::format("{} has no longer a file {}", registry.repository.text(), registry.metadata));
  }
  batch::Request<MetadataByName> request;
  request.key = fmt::format("registry:{}:{}", registry.framework, file->sha);
  TreeEntry entry = *file;
  request.fetch = [this, registry, entry](batch::CallContext of_file) {
    return fetch_metadata_file(registry, entry, std::move(of_file));
  };
  batch::Item<MetadataByName> items =
      co_await metadata_files.get(std::move(request), batch::BatchOptions::unbounded(context.job));
  auto found = items.value().find(name);
  if (found == items.value().end()) {
    throw no_such(fmt::format("metadata of '{}'", name), registry.framework, registry.repository);
  }
  co_return found->second.to_json();
}

async::awaitable<std::string> Client::State::fetch_block(Registry registry, std::string name,
                                                         bool include_components,
                                                         batch::CallContext context) {
  auto tree = co_await files.tree(registry.repository, context.job);
  auto block = find_block(registry, *tree, name, include_components);
  if (!block) {
    throw no_such(fmt::format("block '{}'", name), registry.framework, registry.repository);
  }
  std::vector<TreeEntry> wanted;
  for (const TreeEntry* entry : block->files) wanted.push_back(*entry);
  auto contents = co_await files.contents(registry.repository, std::move(wanted), context.job);
  std::vector<SourceFile> sources;
  for (std::size_t i = 0; i < contents.size(); ++i) {
    sources.push_back({block->files[i]->path, contents[i].value()});
  }
  co_return block_json(registry, name, block->is_simple, include_components, sources);
}

async::awaitable<std::string> Client::State::fetch_component_list(Registry registry,
                                                                  batch::CallContext context) {
  auto tree = co_await files.tree(registry.repository, context.job);
  co_return component_list_json(registry, *tree);
}

async::awaitable<std::string> Client::State::fetch_block_list(Registry registry,
                                                              std::optional<std::string> category,
                                                              batch::CallContext context) {
  auto tree = co_await files.tree(registry.repository, context.job);
  co_return block_list_json(registry, *tree, category);
}

async::awaitable<std::string> Client::State::fetch_directory(Repository repository,
                                                             std::string path,
                                                             batch::CallContext context) {
  auto tree = co_await files.tree(repository, context.job);
  co_return directory_json(repository, *tree, path, options.raw_url);
}

// What is kept of a registry and of directories of its repository. Names are those that are known.
async::awaitable<void> Client::State::forget(Registry registry, std::vector<std::string> names,
                                             std::shared_ptr<const Tree> tree) {
  const std::string& framework = registry.framework;
  const Repository& repository = registry.repository;
  std::vector<std::string> keys = {"list:components:" + framework, "list:blocks:" + framework};
  for (const std::string& name : names) {
    for (const char* kind : {"component", "component-demo", "component-metadata"}) {
      keys.push_back(fmt::format("{}:{}:{}", kind, framework, name));
    }
  }
  std::string directory =
      fmt::format("directory:{}:{}:{}:", repository.owner, repository.name, repository.branch);
  keys.push_back(directory);
  for (const TreeEntry& entry : tree->entries()) keys.push_back(directory + entry.path);
  boost::json::value blocks = boost::json::parse(block_list_json(registry, *tree, std::nullopt));
  for (const auto& category : blocks.at("categories").as_object()) {
    keys.push_back(fmt::format("list:blocks:{}:{}", framework, std::string(category.key())));
    for (const boost::json::value& block : category.value().as_array()) {
      for (bool with : {true, false}) {
        keys.push_back(fmt::format("block:{}:{}:components-{}", framework,
                                   checked_name(std::string(block.at("name").as_string())), with));
      }
    }
  }
  co_await answers.forget(std::move(keys));
}

Client::Client(const batch::Services& services, net::Client& http, ClientOptions options)
    : state_(std::make_unique<State>(services, http, std::move(options))) {}
Client::~Client() = default;

async::awaitable<Answers> Client::sources(Registry registry, std::vector<std::string> names,
                                          batch::JobContext job) {
  return state_->ask_for_files(FileKind::kComponent, std::move(registry), std::move(names),
                               std::move(job));
}

async::awaitable<Answers> Client::demos(Registry registry, std::vector<std::string> names,
                                        batch::JobContext job) {
  return state_->ask_for_files(FileKind::kDemo, std::move(registry), std::move(names),
                               std::move(job));
}

async::awaitable<Answers> Client::metadata(Registry registry, std::vector<std::string> names,
                                           batch::JobContext job) {
  State& state = *state_;
  State::MakeRequest make = [&state, registry](std::string name) {
    if (registry.metadata.empty()) {
      throw Error(ErrorCode::kUnsupported, registry.framework + " has no metadata");
    }
    std::string key = fmt::format("component-metadata:{}:{}", registry.framework, name);
    return state.request(std::move(key), state.options.lifetimes.metadata,
                         [&state, registry, name](batch::CallContext context) {
                           return state.fetch_metadata(registry, name, std::move(context));
                         });
  };
  return state.ask(std::move(names), std::move(make), std::move(job));
}

async::awaitable<Answers> Client::blocks(Registry registry, std::vector<std::string> names,
                                         bool include_components, batch::JobContext job) {
  State& state = *state_;
  State::MakeRequest make = [&state, registry, include_components](std::string name) {
    std::string key =
        fmt::format("block:{}:{}:components-{}", registry.framework, name, include_components);
    return state.request(std::move(key), state.options.lifetimes.sources,
                         [&state, registry, name, include_components](batch::CallContext context) {
                           return state.fetch_block(registry, name, include_components,
                                                    std::move(context));
                         });
  };
  return state.ask(std::move(names), std::move(make), std::move(job));
}

async::awaitable<Answer> Client::component_list(Registry registry, batch::JobContext job) {
  State& state = *state_;
  auto request =
      state.request("list:components:" + registry.framework, state.options.lifetimes.lists,
                    [&state, registry](batch::CallContext context) {
                      return state.fetch_component_list(registry, std::move(context));
                    });
  return state.ask_one(std::move(request), std::move(job));
}

async::awaitable<Answer> Client::block_list(Registry registry, std::optional<std::string> category,
                                            batch::JobContext job) {
  State& state = *state_;
  std::string key = "list:blocks:" + registry.framework;
  if (category) key += ":" + *category;
  auto request =
      state.request(std::move(key), state.options.lifetimes.lists,
                    [&state, registry, category](batch::CallContext context) {
                      return state.fetch_block_list(registry, category, std::move(context));
                    });
  return state.ask_one(std::move(request), std::move(job));
}

async::awaitable<Answer> Client::directory(Repository repository, std::string path,
                                           batch::JobContext job) {
  State& state = *state_;
  check(repository);
  while (path.ends_with('/')) path.pop_back();
  check_path(path);
  std::string key = fmt::format("directory:{}:{}:{}:{}", repository.owner, repository.name,
                                repository.branch, path);
  auto request = state.request(std::move(key), state.options.lifetimes.lists,
                               [&state, repository, path](batch::CallContext context) {
                                 return state.fetch_directory(repository, path, std::move(context));
                               });
  return state.ask_one(std::move(request), std::move(job));
}

async::awaitable<std::string> Client::refresh(Registry registry, batch::JobContext job) {
  State& state = *state_;
  if (state.options.offline) {
    throw Error(ErrorCode::kUsage, "a run that is offline cannot ask whether anything has changed");
  }
  // What was there before goes, too.
  std::vector<std::string> names;
  Answer before = co_await component_list(registry, job);
  if (before.ok()) {
    boost::json::value list = boost::json::parse(before.value());
    for (const boost::json::value& name : list.at("components").as_array()) {
      names.emplace_back(name.as_string());
    }
  }
  bool changed = co_await state.files.revalidate(registry.repository, job);
  auto tree = co_await state.files.tree(registry.repository, job);
  if (changed) {
    for (std::string& name : component_names(registry, *tree)) names.push_back(std::move(name));
    co_await state.forget(registry, std::move(names), tree);
  }
  co_return pretty_json(boost::json::object{
      {"framework", registry.framework}, {"changed", changed}, {"files", tree->entries().size()}});
}

std::vector<batch::MetricsSnapshot> Client::metrics() const {
  std::vector<batch::MetricsSnapshot> all = state_->files.metrics();
  all.push_back(state_->answers.metrics());
  all.push_back(state_->metadata_files.metrics());
  return all;
}

async::awaitable<void> Client::flush() {
  co_await state_->answers.flush();
  co_await state_->files.flush();
}

}  // namespace gantry::github
