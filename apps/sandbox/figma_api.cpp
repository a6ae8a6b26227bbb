#include "apps/sandbox/figma_api.hpp"

#include <charconv>
#include <vector>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "gantry/base/error.hpp"

#include "apps/sandbox/figma_json.hpp"
#include "apps/sandbox/tokens_json.hpp"

namespace gantry::sandbox {
namespace {

namespace json = boost::json;

constexpr double kSmallestScale = 0.01;
constexpr double kLargestScale = 4;

httpd::Headers json_headers() {
  return {{"Content-Type", "application/json; charset=utf-8"},
          {"Cache-Control", "no-cache, no-store"}};
}

httpd::Response json_response(const json::value& value) {
  return {200, json_headers(), json::serialize(value)};
}

httpd::Response too_many_ids() {
  return {413,
          {{"Content-Type", "text/html"}},
          "<html>\r\n<head><title>413 Request Entity Too Large</title></head>\r\n<body>\r\n"
          "<center><h1>413 Request Entity Too Large</h1></center>\r\n</body>\r\n</html>\r\n"};
}

// Library endpoints and the file's own endpoints differ in the shape of their 404.
httpd::Response unknown_file(Endpoint endpoint) {
  switch (endpoint) {
    case Endpoint::kComponents:
    case Endpoint::kComponentSets:
    case Endpoint::kStyles:
    case Endpoint::kVariables:
      return error_with_message(404, "Not found");
    default:
      return error_with_err(404, "Not found");
  }
}

std::vector<std::string_view> split_ids(std::string_view text) {
  std::vector<std::string_view> ids;
  while (!text.empty()) {
    const auto end = std::min(text.find(','), text.size());
    if (end > 0) ids.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return ids;
}

std::vector<std::string_view> ids_of(const httpd::Request& request) {
  return split_ids(request.query_value("ids").value_or(""));
}

httpd::Response missing_ids() {
  return error_with_err(400, R"({"params":["file_key"],"query":["ids"]} are required)");
}

template <class T>
bool parse_number(std::string_view text, T& value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size();
}

// Empty: not asked for.
std::optional<int> depth_of(const httpd::Request& request) {
  const auto text = request.query_value("depth");
  if (!text) return std::nullopt;
  int depth = 0;
  if (!parse_number(*text, depth) || depth < 1) {
    throw Error(ErrorCode::kUsage, "Invalid depth parameter: must be a positive integer")
        .with_status(400);
  }
  return depth;
}

}  // namespace

std::string_view name_of(Endpoint endpoint) {
  switch (endpoint) {
    case Endpoint::kFile:
      return "GET /v1/files/:key";
    case Endpoint::kNodes:
      return "GET /v1/files/:key/nodes";
    case Endpoint::kImages:
      return "GET /v1/images/:key";
    case Endpoint::kMeta:
      return "GET /v1/files/:key/meta";
    case Endpoint::kComponents:
      return "GET /v1/files/:key/components";
    case Endpoint::kComponentSets:
      return "GET /v1/files/:key/component_sets";
    case Endpoint::kStyles:
      return "GET /v1/files/:key/styles";
    case Endpoint::kVariables:
      return "GET /v1/files/:key/variables/local";
  }
  return "";
}

int tier_of(Endpoint endpoint) {
  switch (endpoint) {
    case Endpoint::kFile:
    case Endpoint::kNodes:
    case Endpoint::kImages:
      return 1;
    case Endpoint::kVariables:
      return 2;
    default:
      return 3;
  }
}

std::optional<ApiCall> find_call(const httpd::Request& request) {
  constexpr std::string_view kImages = "/v1/images/";
  constexpr std::string_view kFiles = "/v1/files/";
  if (request.method != "GET") return std::nullopt;
  std::string_view rest = request.path;
  if (rest.starts_with(kImages)) {
    rest.remove_prefix(kImages.size());
    if (rest.empty() || rest.find('/') != std::string_view::npos) return std::nullopt;
    return ApiCall{Endpoint::kImages, std::string(rest)};
  }
  if (!rest.starts_with(kFiles)) return std::nullopt;
  rest.remove_prefix(kFiles.size());
  const auto slash = std::min(rest.find('/'), rest.size());
  const std::string key(rest.substr(0, slash));
  const auto tail = rest.substr(slash);
  if (key.empty()) return std::nullopt;
  for (const auto endpoint :
       {Endpoint::kFile, Endpoint::kNodes, Endpoint::kMeta, Endpoint::kComponents,
        Endpoint::kComponentSets, Endpoint::kStyles, Endpoint::kVariables}) {
    const auto expected = name_of(endpoint).substr(name_of(Endpoint::kFile).size());
    if (tail == expected) return ApiCall{endpoint, key};
  }
  return std::nullopt;
}

httpd::Response error_with_err(int status, std::string_view text) {
  return {status, json_headers(), json::serialize(json::object{{"status", status}, {"err", text}})};
}

httpd::Response error_with_message(int status, std::string_view text) {
  return {status, json_headers(),
          json::serialize(json::object{{"error", true}, {"status", status}, {"message", text}})};
}

httpd::Response refusal_of(Endpoint endpoint, int status, std::string_view text) {
  return endpoint == Endpoint::kVariables ? error_with_message(status, text)
                                          : error_with_err(status, text);
}

httpd::Response FigmaApi::answer(const ApiCall& call, const httpd::Request& request,
                                 std::string_view cdn_base, std::int64_t now) try {
  const File* file = design_.find(call.file_key);
  if (file == nullptr) return unknown_file(call.endpoint);
  switch (call.endpoint) {
    case Endpoint::kFile:
      return json_response(file_json(*file, depth_of(request)));
    case Endpoint::kNodes:
      return nodes(*file, request);
    case Endpoint::kImages:
      return images(*file, request, cdn_base, now);
    case Endpoint::kMeta:
      return meta(*file);
    case Endpoint::kVariables:
      if (options_.forbid_variables) return error_with_message(403, "Limited by Figma plan");
      [[fallthrough]];
    default:
      return {200, json_headers(), published(*file, call.endpoint)};
  }
} catch (const Error& error) {
  return error_with_err(error.http_status(), error.message());
}

httpd::Response FigmaApi::images(const File& file, const httpd::Request& request,
                                 std::string_view cdn_base, std::int64_t now) const {
  const auto ids = ids_of(request);
  if (ids.empty()) return missing_ids();
  if (static_cast<int>(ids.size()) > options_.max_ids) return too_many_ids();
  const auto format = request.query_value("format").value_or("png");
  if (format != "svg" && format != "png" && format != "jpg" && format != "pdf") {
    return error_with_err(400, "Invalid format parameter: must be one of jpg, png, svg, pdf");
  }
  const auto scale_text = request.query_value("scale").value_or("1");
  double scale = 0;
  if (!parse_number(scale_text, scale) || scale < kSmallestScale || scale > kLargestScale) {
    return error_with_err(400, "Invalid scale parameter: must be between 0.01 and 4");
  }
  if (options_.render_timeout_above > 0 &&
      static_cast<int>(ids.size()) > options_.render_timeout_above) {
    return error_with_err(400, "Render timeout, try requesting fewer or smaller images");
  }
  json::object urls;
  for (const auto id : ids) {
    const auto index = file.component_index(id);
    const auto every = static_cast<std::size_t>(options_.null_every);
    if (!index || (every > 0 && *index % every == every - 1)) {
      urls[id] = nullptr;
    } else {
      urls[id] = cdn_.address(cdn_base, file, file.components[*index], format, scale_text, now);
    }
  }
  return json_response({{"err", nullptr}, {"images", std::move(urls)}});
}

httpd::Response FigmaApi::nodes(const File& file, const httpd::Request& request) const {
  const auto ids = ids_of(request);
  if (ids.empty()) return missing_ids();
  if (static_cast<int>(ids.size()) > options_.max_ids) return too_many_ids();
  json::object nodes;
  for (const auto id : ids) nodes[id] = node_json(file, id, depth_of(request));
  return json_response({{"name", file.name},
                        {"lastModified", updated_at()},
                        {"thumbnailUrl", "https://s3-alpha.figma.com/thumbnails/" + file.key},
                        {"version", file.version},
                        {"role", "viewer"},
                        {"editorType", "figma"},
                        {"nodes", std::move(nodes)}});
}

httpd::Response FigmaApi::meta(const File& file) const {
  if (options_.meta == MetaForm::kForbidden) {
    return error_with_err(403,
                          "Invalid scope(s): file_content:read, library_content:read. This "
                          "endpoint requires the file_metadata:read scope");
  }
  json::object meta{{"name", file.name},
                    {"folder_name", "Sandbox"},
                    {"last_touched_at", updated_at()},
                    {"creator", user_json()},
                    {"last_touched_by", user_json()},
                    {"thumbnail_url", "https://s3-alpha.figma.com/thumbnails/" + file.key},
                    {"editorType", "figma"},
                    {"role", "viewer"},
                    {"link_access", "view"},
                    {"url", "https://www.figma.com/design/" + file.key},
                    {"version", file.version}};
  if (options_.meta == MetaForm::kFlat) return json_response(meta);
  return json_response({{"file", std::move(meta)}});
}

std::shared_ptr<const std::string> FigmaApi::published(const File& file, Endpoint endpoint) {
  if (endpoint == Endpoint::kComponents && file.recorded_components) {
    return file.recorded_components;
  }
  const std::lock_guard lock(mutex_);
  auto& text = published_[{endpoint, file.key}];
  if (text) return text;
  json::object meta;
  if (endpoint == Endpoint::kComponents) {
    meta["components"] = published_components(file);
  } else if (endpoint == Endpoint::kComponentSets) {
    meta["component_sets"] = published_component_sets(file);
  } else if (endpoint == Endpoint::kStyles) {
    meta["styles"] = published_styles(file);
  } else {
    meta = variables_json(file);
  }
  json::object answer{{"error", false}, {"status", 200}, {"meta", std::move(meta)}};
  if (endpoint != Endpoint::kVariables) answer["i18n"] = nullptr;
  text = std::make_shared<const std::string>(json::serialize(answer));
  return text;
}

}  // namespace gantry::sandbox
