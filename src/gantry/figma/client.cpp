#include "gantry/figma/client.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "gantry/figma/errors.hpp"

namespace gantry::figma {
namespace {

// The largest answer of the API that is read; a list of 100,000 components is about 100 MB.
constexpr std::uint64_t kLargestAnswer = 512ULL << 20;

constexpr std::string_view kVariablesNeed =
    "variables can be read by full members of an organization with an Enterprise plan, with a "
    "token "
    "that has the scope file_variables:read";

bool is_plain(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '_' || c == '.' || c == '~';
}

// Percent-encodes all but unreserved characters and those in `kept`.
std::string encoded(std::string_view text, std::string_view kept = "") {
  std::string result;
  for (char c : text) {
    if (is_plain(c) || kept.find(c) != std::string_view::npos) {
      result += c;
    } else {
      result += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return result;
}

std::string joined(const std::vector<std::string>& ids) {
  std::string list;
  for (const std::string& id : ids) {
    if (!list.empty()) list += ',';
    list += encoded(id, ":");
  }
  return list;
}

std::string file_path(const std::string& file_key, std::string_view endpoint) {
  return fmt::format("/v1/files/{}{}", encoded(file_key), endpoint);
}

}  // namespace

std::string_view to_string(ImageFormat format) {
  switch (format) {
    case ImageFormat::kSvg:
      return "svg";
    case ImageFormat::kPng:
      return "png";
    case ImageFormat::kJpg:
      return "jpg";
    case ImageFormat::kPdf:
      return "pdf";
  }
  return "svg";
}

std::string RenderOptions::query() const {
  std::string text = fmt::format("format={}&use_absolute_bounds=true", to_string(format));
  if (format == ImageFormat::kSvg) text += "&svg_include_id=false&svg_simplify_stroke=false";
  if (format == ImageFormat::kPng || format == ImageFormat::kJpg) {
    text += fmt::format("&scale={}", scale);
  }
  return text;
}

Client::Client(const async::any_io_executor& executor, async::TaskScope& scope, net::Client& http,
               ClientOptions options)
    : http_(http),
      options_(std::move(options)),
      metas_(executor, scope, batch::Keep::kResult),
      components_(executor, scope, batch::Keep::kResult),
      styles_(executor, scope, batch::Keep::kResult),
      variables_(executor, scope, batch::Keep::kResult) {
  while (options_.base_url.ends_with('/')) options_.base_url.pop_back();
}

async::awaitable<net::HttpResponse> Client::send(Call call) {
  net::HttpRequest request;
  request.url = options_.base_url + call.path;
  request.headers.emplace_back("Accept", "application/json");
  if (!options_.token.empty()) {
    request.credential =
        net::Credential{"X-Figma-Token", options_.token, net::origin_of(options_.base_url)};
  }
  request.limits.connect = call.context.timeout;
  request.limits.total = call.context.timeout;
  request.limits.body_bytes = kLargestAnswer;
  request.limits.memory_bytes = kLargestAnswer;
  net::CallOptions options;
  options.ticket.budget = options_.budgets.of(call.tier);
  options.ticket.host = net::host_of(options_.base_url);
  options.ticket.pool = options_.pool;
  options.ticket.lane = call.context.lane;
  options.ticket.priority = call.context.priority;
  options.retry = options_.retry;
  options.describe_limit = describe_limit;
  // A server's page with status 200 is not an answer of the API.
  options.check = [](const net::HttpResponse& response) {
    std::string head = response.body.head(64);
    std::size_t first = head.find_first_not_of(" \t\r\n");
    if (first == std::string::npos || head[first] != '{') {
      throw Error(ErrorCode::kBadResponse, "the answer is not JSON").with(Retry::kSameRequest);
    }
  };
  return http_.send(std::move(request), std::move(options));
}

Error Client::refuse(const net::HttpResponse& response, const std::string& file_key,
                     std::string_view needs) {
  Error error = refusal(response, file_key, needs);
  if (error.scope() == Scope::kRun) http_.refuse_further(options_.base_url, error);
  return error;
}

async::awaitable<Blob> Client::get(Call call) {
  std::string file_key = call.file_key;
  std::string_view needs = call.needs;
  net::HttpResponse response = co_await send(std::move(call));
  if (response.status < 200 || response.status >= 300) throw refuse(response, file_key, needs);
  co_return response.body;
}

async::awaitable<FileMeta> Client::meta(std::string file_key, batch::JobContext context) {
  std::function<async::awaitable<FileMeta>()> start = [this, file_key, context] {
    return fetch_meta(file_key, context);
  };
  return metas_.join(file_key, std::move(start));
}

async::awaitable<FileMeta> Client::fetch_meta(std::string file_key, batch::JobContext context) {
  Call call;
  call.path = file_path(file_key, "/meta");
  call.file_key = file_key;
  call.context = context;
  net::HttpResponse response = co_await send(call);
  if (response.status >= 200 && response.status < 300) {
    FileMeta meta = parse_file_meta(response.body.view());
    if (!meta.version.empty()) co_return meta;
  } else if (response.status != 403 && response.status != 404) {
    throw refuse(response, file_key);
  } else if (Error error = refuse(response, file_key); error.scope() == Scope::kRun) {
    throw error;
  }
  call.path = file_path(file_key, "?depth=1");
  call.tier = Tier::kFirst;
  Blob body = co_await get(call);
  co_return parse_file_meta(body.view());
}

async::awaitable<Components> Client::components(std::string file_key, batch::JobContext context) {
  std::function<async::awaitable<Components>()> start = [this, file_key, context] {
    return fetch_components(file_key, "/components", context);
  };
  return components_.join(file_key + "/components", std::move(start));
}

async::awaitable<Components> Client::component_sets(std::string file_key,
                                                    batch::JobContext context) {
  std::function<async::awaitable<Components>()> start = [this, file_key, context] {
    return fetch_components(file_key, "/component_sets", context);
  };
  return components_.join(file_key + "/component_sets", std::move(start));
}

async::awaitable<Components> Client::fetch_components(std::string file_key, std::string endpoint,
                                                      batch::JobContext context) {
  Call call;
  call.path = file_path(file_key, endpoint);
  call.file_key = file_key;
  call.context = context;
  Blob body = co_await get(std::move(call));
  auto parsed =
      endpoint == "/components" ? parse_components(body.view()) : parse_component_sets(body.view());
  co_return std::make_shared<const std::vector<Component>>(std::move(parsed));
}

async::awaitable<Styles> Client::styles(std::string file_key, batch::JobContext context) {
  std::function<async::awaitable<Styles>()> start = [this, file_key, context] {
    return fetch_styles(file_key, context);
  };
  return styles_.join(file_key, std::move(start));
}

async::awaitable<Styles> Client::fetch_styles(std::string file_key, batch::JobContext context) {
  Call call;
  call.path = file_path(file_key, "/styles");
  call.file_key = file_key;
  call.context = context;
  Blob body = co_await get(std::move(call));
  co_return std::make_shared<const std::vector<Style>>(parse_styles(body.view()));
}

async::awaitable<LocalVariables> Client::variables(std::string file_key,
                                                   batch::JobContext context) {
  std::function<async::awaitable<LocalVariables>()> start = [this, file_key, context] {
    return fetch_variables(file_key, context);
  };
  return variables_.join(file_key, std::move(start));
}

async::awaitable<LocalVariables> Client::fetch_variables(std::string file_key,
                                                         batch::JobContext context) {
  Call call;
  call.path = file_path(file_key, "/variables/local");
  call.file_key = file_key;
  call.tier = Tier::kSecond;
  call.context = context;
  call.needs = kVariablesNeed;
  Blob body = co_await get(std::move(call));
  co_return std::make_shared<const Variables>(parse_variables(body.view()));
}

async::awaitable<Nodes> Client::nodes(std::string file_key, std::vector<std::string> ids,
                                      batch::JobContext context) {
  Nodes all;
  for (std::size_t begin = 0; begin < ids.size(); begin += kIdsInOneCall) {
    std::size_t end = std::min(ids.size(), begin + kIdsInOneCall);
    std::vector<std::string> chunk(ids.begin() + static_cast<std::ptrdiff_t>(begin),
                                   ids.begin() + static_cast<std::ptrdiff_t>(end));
    Call call;
    call.path = file_path(file_key, "/nodes?depth=1&ids=" + joined(chunk));
    call.file_key = file_key;
    call.tier = Tier::kFirst;
    call.context = context;
    Blob body = co_await get(std::move(call));
    all.merge(parse_nodes(body.view()));
  }
  co_return all;
}

async::awaitable<Addresses> Client::images(std::string file_key, std::vector<std::string> ids,
                                           RenderOptions options, batch::JobContext context) {
  Call call;
  call.path =
      fmt::format("/v1/images/{}?{}&ids={}", encoded(file_key), options.query(), joined(ids));
  call.file_key = file_key;
  call.tier = Tier::kFirst;
  call.context = context;
  net::HttpResponse response = co_await send(std::move(call));
  if (asked_for_too_much(response) && ids.size() > 1) {
    auto middle = ids.begin() + static_cast<std::ptrdiff_t>(ids.size() / 2);
    std::vector<std::string> left(ids.begin(), middle);
    std::vector<std::string> right(middle, ids.end());
    Addresses all = co_await images(file_key, std::move(left), options, context);
    Addresses rest = co_await images(file_key, std::move(right), options, context);
    all.merge(rest);
    co_return all;
  }
  if (response.status < 200 || response.status >= 300) throw refuse(response, file_key);
  RenderedImages rendered = parse_images(response.body.view());
  if (rendered.error) {
    throw Error(ErrorCode::kBadResponse,
                fmt::format("file {}: Figma cannot draw: {}", file_key, *rendered.error));
  }
  co_return rendered.urls;
}

}  // namespace gantry::figma
