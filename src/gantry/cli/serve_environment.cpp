#include "gantry/cli/serve_environment.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "gantry/base/error.hpp"

namespace gantry::cli {
namespace {

constexpr std::string_view kScheme = "s3://";
constexpr std::array kArchive = {"ARKE_API_URL", "ARKE_GATEWAY_URL", "ARKE_GRAPH_URL"};

// The first of these variables that is set and not empty.
std::string setting(std::initializer_list<const char*> names, const std::string& otherwise) {
  for (const char* name : names) {
    const char* value = std::getenv(name);
    if (value != nullptr && *value != '\0') return value;
  }
  return otherwise;
}

std::string needed(const char* name, std::string_view why) {
  std::string value = setting({name}, "");
  if (value.empty()) {
    throw Error(ErrorCode::kUsage, fmt::format("{} wants the variable {}", why, name));
  }
  return value;
}

int number_of(const char* name, int otherwise) {
  std::string text = setting({name}, std::to_string(otherwise));
  int number = 0;
  if (!CLI::detail::lexical_cast(text, number) || number < 1) {
    throw Error(ErrorCode::kUsage, fmt::format("{} is '{}', not a number from 1 on", name, text));
  }
  return number;
}

}  // namespace

std::optional<service::ObjectStorage> object_storage(const std::string& place) {
  if (!place.starts_with(kScheme)) {
    if (place.find("://") == std::string::npos) return std::nullopt;
    throw Error(ErrorCode::kUsage,
                fmt::format("--artifacts wants a folder or s3://BUCKET[/PREFIX], not {}", place));
  }
  service::ObjectStorage storage;
  std::string rest = place.substr(kScheme.size());
  std::size_t slash = std::min(rest.find('/'), rest.size());
  storage.location.bucket = rest.substr(0, slash);
  storage.location.prefix = rest.substr(std::min(slash + 1, rest.size()));
  std::string& prefix = storage.location.prefix;
  if (!prefix.empty() && !prefix.ends_with('/')) prefix += '/';
  constexpr std::string_view kWhy = "--artifacts s3://";
  artifacts::S3Access& access = storage.access;
  access.endpoint = setting({"AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"}, "");
  access.region =
      setting({"AWS_REGION", "AWS_DEFAULT_REGION"}, access.endpoint.empty() ? "us-east-1" : "auto");
  if (access.endpoint.empty()) {
    access.endpoint = fmt::format("https://s3.{}.amazonaws.com", access.region);
  }
  access.access_key_id = needed("AWS_ACCESS_KEY_ID", kWhy);
  access.secret_access_key = Secret(needed("AWS_SECRET_ACCESS_KEY", kWhy));
  access.session_token = Secret(setting({"AWS_SESSION_TOKEN"}, ""));
  return storage;
}

service::FlyLauncher::Options fly_options() {
  constexpr std::string_view kWhy = "--launcher fly";
  service::FlyLauncher::Options fly;
  fly.api = setting({"FLY_API_HOSTNAME"}, fly.api);
  fly.token = Secret(needed("FLY_API_TOKEN", kWhy));
  fly.app = needed("FLY_APP_NAME", kWhy);
  bool is_plain = std::all_of(fly.app.begin(), fly.app.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
  });
  if (!is_plain) {
    throw Error(
        ErrorCode::kUsage,
        fmt::format("FLY_APP_NAME is '{}', not a name of small letters, digits and '-'", fly.app));
  }
  fly.image = needed("FLY_WORKER_IMAGE", kWhy);
  fly.region = setting({"FLY_REGION"}, "");
  fly.cpus = number_of("WORKER_CPUS", fly.cpus);
  fly.memory_mb = number_of("WORKER_MEMORY_MB", fly.memory_mb);
  for (const char* name : kArchive) {
    std::string value = setting({name}, "");
    if (!value.empty()) fly.environment.emplace_back(name, value);
  }
  return fly;
}

}  // namespace gantry::cli
