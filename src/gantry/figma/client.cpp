#include "gantry/figma/client.hpp"

#include <utility>

#include <fmt/format.h>

#include "gantry/figma/model/codec.hpp"

namespace gantry::figma {
namespace {

// What is asked once a run must not be driven out of memory in the course of it.
constexpr std::uint64_t kMemoryOfLists = 4ULL << 30;
constexpr std::uint64_t kMemoryOfMetadata = 64ULL << 20;
constexpr std::uint64_t kMemoryOfNodes = 256ULL << 20;
constexpr std::uint64_t kMemoryOfAddresses = 256ULL << 20;
// With their texts, about.
constexpr std::size_t kBytesOfComponent = sizeof(Component) + 128;
constexpr std::size_t kBytesOfStyle = sizeof(Style) + 64;
constexpr std::string_view kVariablesNeed =
    "variables can be read by full members of an organization with an Enterprise plan, with a "
    "token "
    "that has the scope file_variables:read";
constexpr auto kKeptForOffline = std::chrono::hours(24 * 30);

batch::ProcessorOptions processor_options(const char* name, const ClientOptions& options,
                                          const net::TicketRequest& ticket, std::uint64_t memory) {
  batch::ProcessorOptions processor;
  processor.name = name;
  processor.store = options.store;
  processor.store_only_offline = true;  // a file changes without a sign
  processor.keep_for_offline = kKeptForOffline;
  processor.offline = options.offline;
  processor.memory_bytes = memory;
  processor.negative_ttl = async::Duration(0);  // a file that is shared now is there at once
  processor.retry.max_retries = 0;              // net::Client has done it
  processor.ticket = ticket;
  return processor;
}

// What is true for this run only: addresses expire, and drawings change.
batch::ProcessorOptions options_for_a_run(const char* name, const ClientOptions& options,
                                          const net::TicketRequest& ticket) {
  auto processor = processor_options(name, options, ticket, kMemoryOfAddresses);
  processor.store = nullptr;
  return processor;
}

// What is missing only because the run is offline has no other name than its key.
template <class T>
const T& value_of(const batch::Item<T>& item, const std::string& what) {
  if (item || item.provenance().source != batch::Provenance::Source::kNone) return item.value();
  throw item.error().in(what);
}

// A question with one answer for a whole file, asked once.
template <class T>
async::awaitable<T> ask_once(batch::BatchProcessor<T>& processor, batch::Request<T> request,
                             std::string what, batch::JobContext job) {
  batch::Item<T> item =
      co_await processor.get(std::move(request), batch::BatchOptions::unbounded(std::move(job)));
  co_return value_of(item, what);
}

// How lists that are shared become records and back.
template <class List, List (*kDecode)(std::string_view)>
batch::Codec<std::shared_ptr<const List>> codec_of_shared(std::size_t bytes_of_one) {
  batch::Codec<std::shared_ptr<const List>> codec;
  codec.encode = [](const std::shared_ptr<const List>& list) { return encode(*list); };
  codec.decode = [](std::string_view record) {
    return std::make_shared<const List>(kDecode(record));
  };
  if constexpr (requires(const List& list) { list.size(); }) {
    codec.size = [bytes_of_one](const std::shared_ptr<const List>& list) {
      return bytes_of_one * list->size();
    };
  }
  return codec;
}

batch::Codec<FileMeta> codec_of_metadata() {
  batch::Codec<FileMeta> codec;
  codec.encode = [](const FileMeta& meta) { return encode(meta); };
  codec.decode = decode_file_meta;
  return codec;
}

batch::Codec<std::optional<Node>> codec_of_nodes() {
  batch::Codec<std::optional<Node>> codec;
  codec.encode = [](const std::optional<Node>& node) { return encode(Nodes{{"", node}}); };
  codec.decode = [](std::string_view record) { return decode_nodes(record).at(""); };
  return codec;
}

using PlannerOfNodes = NodePlanner<std::optional<Node>>;

// Keys of nodes are "figma/TOKEN/FILE/nodes/1:2". A file key may be anything that somebody has
// configured, with slashes too.
std::string file_of(std::string_view group) {
  std::string_view from_token = group.substr(group.find('/') + 1);
  std::string_view from_file = from_token.substr(from_token.find('/') + 1);
  return std::string(from_file.substr(0, from_file.rfind('/')));
}

}  // namespace

Client::Client(const batch::Services& services, net::Client& http, ClientOptions options)
    : api_(http, options.api),
      metas_(services,
             processor_options("figma metadata", options, api_.ticket(Tier::kThird),
                               kMemoryOfMetadata),
             codec_of_metadata()),
      components_(
          services,
          processor_options("figma components", options, api_.ticket(Tier::kThird), kMemoryOfLists),
          codec_of_shared<std::vector<Component>, decode_components>(kBytesOfComponent)),
      styles_(services,
              processor_options("figma styles", options, api_.ticket(Tier::kThird), kMemoryOfLists),
              codec_of_shared<std::vector<Style>, decode_styles>(kBytesOfStyle)),
      variables_(
          services,
          processor_options("figma variables", options, api_.ticket(Tier::kSecond), kMemoryOfLists),
          codec_of_shared<Variables, decode_variables>(0)),
      nodes_(services,
             processor_options("figma nodes", options, api_.ticket(Tier::kFirst), kMemoryOfNodes),
             codec_of_nodes()),
      addresses_(services, api_,
                 options_for_a_run("figma addresses", options, api_.ticket(Tier::kFirst))),
      fingerprints_(services, api_,
                    options_for_a_run("figma fingerprints", options, api_.ticket(Tier::kFirst))) {
  nodes_.add_planner(std::make_unique<PlannerOfNodes>(
      api_, PlannerOfNodes::Question{"/nodes?depth=1&ids=", file_of, parse_nodes}));
}

// The token is part of it: another one may see other things.
std::string Client::key_of(const std::string& file_key, std::string_view what) const {
  return fmt::format("figma/{}/{}{}", api_.credential(), file_key, what);
}

async::awaitable<FileMeta> Client::meta(std::string file_key, batch::JobContext job) {
  batch::Request<FileMeta> request;
  request.key = key_of(file_key, "/meta");
  request.fetch = [this, file_key](batch::CallContext context) {
    return fetch_meta(file_key, std::move(context));
  };
  return ask_once(metas_, std::move(request), "the metadata of file " + file_key, std::move(job));
}

async::awaitable<FileMeta> Client::fetch_meta(std::string file_key, batch::CallContext context) {
  Api::Call call;
  call.path = file_path(file_key, "/meta");
  call.file_key = file_key;
  call.context = std::move(context);
  net::HttpResponse response = co_await api_.send(call);
  if (response.status >= 200 && response.status < 300) {
    FileMeta meta = parse_file_meta(response.body.view());
    if (!meta.version.empty()) co_return meta;
  } else if (response.status != 403 && response.status != 404) {
    throw api_.refuse(response, file_key);
  } else if (Error error = api_.refuse(response, file_key); error.scope() == Scope::kRun) {
    throw error;
  }
  call.path = file_path(file_key, "?depth=1");
  call.tier = Tier::kFirst;
  call.context.grant = nullptr;
  Blob body = co_await api_.get(std::move(call));
  co_return parse_file_meta(body.view());
}

async::awaitable<Components> Client::components(std::string file_key, batch::JobContext job) {
  return list(std::move(file_key), "/components", std::move(job));
}

async::awaitable<Components> Client::component_sets(std::string file_key, batch::JobContext job) {
  return list(std::move(file_key), "/component_sets", std::move(job));
}

async::awaitable<Components> Client::list(std::string file_key, std::string endpoint,
                                          batch::JobContext job) {
  batch::Request<Components> request;
  request.key = key_of(file_key, endpoint);
  request.fetch = [this, file_key, endpoint](batch::CallContext context) {
    return fetch_components(file_key, endpoint, std::move(context));
  };
  std::string what = fmt::format("the {} of file {}", endpoint.substr(1), file_key);
  return ask_once(components_, std::move(request), std::move(what), std::move(job));
}

async::awaitable<Components> Client::fetch_components(std::string file_key, std::string endpoint,
                                                      batch::CallContext context) {
  Api::Call call;
  call.path = file_path(file_key, endpoint);
  call.file_key = file_key;
  call.context = std::move(context);
  Blob body = co_await api_.get(std::move(call));
  auto parsed =
      endpoint == "/components" ? parse_components(body.view()) : parse_component_sets(body.view());
  co_return std::make_shared<const std::vector<Component>>(std::move(parsed));
}

async::awaitable<Styles> Client::styles(std::string file_key, batch::JobContext job) {
  batch::Request<Styles> request;
  request.key = key_of(file_key, "/styles");
  request.fetch = [this, file_key](batch::CallContext context) {
    return fetch_styles(file_key, std::move(context));
  };
  return ask_once(styles_, std::move(request), "the styles of file " + file_key, std::move(job));
}

async::awaitable<Styles> Client::fetch_styles(std::string file_key, batch::CallContext context) {
  Api::Call call;
  call.path = file_path(file_key, "/styles");
  call.file_key = file_key;
  call.context = std::move(context);
  Blob body = co_await api_.get(std::move(call));
  co_return std::make_shared<const std::vector<Style>>(parse_styles(body.view()));
}

async::awaitable<LocalVariables> Client::variables(std::string file_key, batch::JobContext job) {
  batch::Request<LocalVariables> request;
  request.key = key_of(file_key, "/variables");
  request.fetch = [this, file_key](batch::CallContext context) {
    return fetch_variables(file_key, std::move(context));
  };
  return ask_once(variables_, std::move(request), "the variables of file " + file_key,
                  std::move(job));
}

async::awaitable<LocalVariables> Client::fetch_variables(std::string file_key,
                                                         batch::CallContext context) {
  Api::Call call;
  call.path = file_path(file_key, "/variables/local");
  call.file_key = file_key;
  call.tier = Tier::kSecond;
  call.context = std::move(context);
  call.needs = kVariablesNeed;
  Blob body = co_await api_.get(std::move(call));
  co_return std::make_shared<const Variables>(parse_variables(body.view()));
}

async::awaitable<Nodes> Client::nodes(std::string file_key, std::vector<std::string> ids,
                                      batch::JobContext job) {
  batch::BatchOptions options = batch::BatchOptions::unbounded(std::move(job));
  options.grouping = batch::Grouping::kCustom;
  options.grouper = [](std::string_view key) { return std::string(PlannerOfNodes::group_of(key)); };
  options.batch_size = static_cast<int>(kIdsInOneCall);
  std::vector<batch::Request<Node>> requests(ids.size());
  for (std::size_t i = 0; i < ids.size(); ++i) {
    requests[i].key = key_of(file_key, "/nodes/" + ids[i]);
  }
  auto items = co_await nodes_.process(requests, std::move(options));
  Nodes all;
  for (std::size_t i = 0; i < ids.size(); ++i) all.emplace(ids[i], items[i].value());
  co_return all;
}

std::vector<batch::MetricsSnapshot> Client::metrics() const {
  return {metas_.metrics(), components_.metrics(), styles_.metrics(),      variables_.metrics(),
          nodes_.metrics(), addresses_.metrics(),  fingerprints_.metrics()};
}

async::awaitable<void> Client::flush() {
  co_await metas_.flush();
  co_await components_.flush();
  co_await styles_.flush();
  co_await variables_.flush();
  co_await nodes_.flush();
}

}  // namespace gantry::figma
