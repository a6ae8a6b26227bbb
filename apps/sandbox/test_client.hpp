// A small HTTP client for tests: one request, the answer with its headers, nothing followed.
#pragma once

#include <algorithm>
#include <cctype>
#include <map>
#include <string>
#include <vector>

#include <boost/json.hpp>
#include <curl/curl.h>
#include <fmt/format.h>

#include "apps/sandbox/sandbox.hpp"

namespace gantry::sandbox {

struct Fetched {
  CURLcode code = CURLE_OK;
  long status = 0;
  std::string body;
  std::map<std::string, std::string> headers;  // by lower-case name

  boost::json::value json() const { return boost::json::parse(body); }
};

inline std::size_t append_body(char* data, std::size_t size, std::size_t count, void* target) {
  static_cast<Fetched*>(target)->body.append(data, size * count);
  return size * count;
}

inline std::size_t append_header(char* data, std::size_t size, std::size_t count, void* target) {
  const std::string line(data, size * count);
  const auto colon = line.find(": ");
  if (colon != std::string::npos) {
    auto name = line.substr(0, colon);
    std::transform(name.begin(), name.end(), name.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    static_cast<Fetched*>(target)->headers[name] =
        line.substr(colon + 2, line.find('\r') - colon - 2);
  }
  return size * count;
}

inline Fetched fetch(const std::string& url, const std::vector<std::string>& headers = {},
                     bool is_post = false) {
  Fetched fetched;
  CURL* handle = curl_easy_init();
  curl_slist* list = nullptr;
  for (const auto& header : headers) list = curl_slist_append(list, header.c_str());
  curl_easy_setopt(handle, CURLOPT_URL, url.c_str());
  curl_easy_setopt(handle, CURLOPT_HTTPHEADER, list);
  curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, append_body);
  curl_easy_setopt(handle, CURLOPT_WRITEDATA, &fetched);
  curl_easy_setopt(handle, CURLOPT_HEADERFUNCTION, append_header);
  curl_easy_setopt(handle, CURLOPT_HEADERDATA, &fetched);
  curl_easy_setopt(handle, CURLOPT_TIMEOUT_MS, 20'000L);
  curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(handle, CURLOPT_NOPROXY, "*");
  if (is_post) curl_easy_setopt(handle, CURLOPT_COPYPOSTFIELDS, "");
  fetched.code = curl_easy_perform(handle);
  curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &fetched.status);
  curl_slist_free_all(list);
  curl_easy_cleanup(handle);
  return fetched;
}

// A running sandbox and calls to it.
class Running {
 public:
  explicit Running(const Options& options) : sandbox_(options) { sandbox_.start(); }

  std::string url(const std::string& target) const {
    return fmt::format("http://127.0.0.1:{}{}", sandbox_.port(), target);
  }
  // With a good token.
  Fetched api(const std::string& target) const {
    return fetch(url(target), {"X-Figma-Token: figd_test"});
  }
  // The address of one image as /images gives it.
  std::string image(const std::string& file, const std::string& node,
                    const std::string& query = "format=svg") const {
    const auto fetched = api(fmt::format("/v1/images/{}?ids={}&{}", file, node, query));
    return std::string(fetched.json().at("images").at(node).as_string());
  }
  boost::json::value stats() const { return fetch(url("/__sandbox/stats")).json(); }
  void reset() const { fetch(url("/__sandbox/reset"), {}, true); }

 private:
  Sandbox sandbox_;
};

// A design that is made at once.
inline Options small_options() {
  Options options;
  options.design.icons = 50;
  return options;
}

}  // namespace gantry::sandbox
