// The simulated Figma REST API: what each endpoint answers, without limits, faults or delays.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "gantry/httpd/message.hpp"

#include "apps/sandbox/cdn.hpp"
#include "apps/sandbox/design.hpp"

namespace gantry::sandbox {

enum class Endpoint {
  kFile,
  kNodes,
  kImages,
  kMeta,
  kComponents,
  kComponentSets,
  kStyles,
  kVariables,
};

// A request that belongs to the API.
struct ApiCall {
  Endpoint endpoint;
  std::string file_key;
};

// "GET /v1/files/:key/meta"
std::string_view name_of(Endpoint endpoint);
// 1 to 3, Figma's rate limit tier.
int tier_of(Endpoint endpoint);
// Empty for a path that is none of the simulated endpoints.
std::optional<ApiCall> find_call(const httpd::Request& request);

enum class MetaForm { kFlat, kWrapped, kForbidden };

struct ApiOptions {
  MetaForm meta = MetaForm::kFlat;
  bool forbid_variables = false;  // as for plans without them
  int max_ids = 900;              // more answer 413
  int render_timeout_above = 0;   // more ids of one image call answer 400; 0: never
  int null_every = 0;             // every Nth component does not render; 0: all do
};

// {"status":404,"err":"Not found"} and the other shape, {"error":true,"status":..,"message":..}.
httpd::Response error_with_err(int status, std::string_view text);
httpd::Response error_with_message(int status, std::string_view text);
// The shape in which the endpoint refuses a call, whatever the file.
httpd::Response refusal_of(Endpoint endpoint, int status, std::string_view text);

class FigmaApi {
 public:
  // `design` and `cdn` must outlive it.
  FigmaApi(const Design& design, const Cdn& cdn, ApiOptions options)
      : design_(design), cdn_(cdn), options_(options) {}

  // `cdn_base` is "http://host:port", `now` in seconds since 1970. Any thread.
  httpd::Response answer(const ApiCall& call, const httpd::Request& request,
                         std::string_view cdn_base, std::int64_t now);

 private:
  httpd::Response images(const File& file, const httpd::Request& request, std::string_view cdn_base,
                         std::int64_t now) const;
  httpd::Response nodes(const File& file, const httpd::Request& request) const;
  httpd::Response meta(const File& file) const;
  std::shared_ptr<const std::string> published(const File& file, Endpoint endpoint);

  const Design& design_;
  const Cdn& cdn_;
  const ApiOptions options_;
  std::mutex mutex_;
  std::map<std::pair<Endpoint, std::string>, std::shared_ptr<const std::string>> published_;
};

}  // namespace gantry::sandbox
