#include "gantry/service/dashboard/dashboard.hpp"

#include <array>
#include <memory>
#include <string>
#include <string_view>

#include <fmt/format.h>

#include "gantry/base/hash.hpp"
#include "gantry/httpd/request_guard.hpp"
#include "gantry/service/dashboard/dashboard_files.hpp"

namespace gantry::service {
namespace {

struct File {
  std::string_view path;
  std::string_view type;
  std::string_view text;
};

constexpr std::string_view kScript = "text/javascript; charset=utf-8";
constexpr std::array kFiles = {
    File{"/", "text/html; charset=utf-8", files::kIndex},
    File{"/dashboard/style.css", "text/css; charset=utf-8", files::kStyle},
    File{"/dashboard/app.js", kScript, files::kApp},
    File{"/dashboard/api.js", kScript, files::kApi},
    File{"/dashboard/chart.js", kScript, files::kChart},
    File{"/dashboard/pis.js", kScript, files::kPis},
    File{"/dashboard/view.js", kScript, files::kView},
    File{"/dashboard/icon.svg", "image/svg+xml", files::kIcon},
};

httpd::RouteHandler handler_of(const File& file) {
  const auto text = std::make_shared<const std::string>(file.text);
  const auto etag = fmt::format("\"{}\"", sha256(file.text).hex().substr(0, 32));
  httpd::Headers headers = httpd::page_policy();
  headers.emplace_back("ETag", etag);
  // Asked for each time: a new version of the program brings all parts of its page along.
  headers.emplace_back("Cache-Control", "no-cache");
  return [text, etag, headers, type = std::string(file.type)](
             const httpd::Request& request, const httpd::Parameters&, httpd::Responder responder) {
    httpd::Response response{200, headers, text};
    if (request.header("if-none-match") == etag) {
      response = {304, headers, std::string()};
    } else {
      response.headers.emplace_back("Content-Type", type);
    }
    responder.send(std::move(response));
  };
}

}  // namespace

void add_dashboard(httpd::Router& router) {
  for (const auto& file : kFiles) router.add("GET", file.path, handler_of(file));
}

}  // namespace gantry::service
