#include "testing/http.hpp"

#include <algorithm>
#include <memory>
#include <stdexcept>

#include <curl/curl.h>

namespace gantry::testing {
namespace {

std::size_t append(char* bytes, std::size_t size, std::size_t count, void* body) {
  static_cast<std::string*>(body)->append(bytes, size * count);
  return size * count;
}

std::size_t note_header(char* bytes, std::size_t size, std::size_t count, void* headers) {
  std::string line(bytes, size * count);
  const std::size_t colon = line.find(':');
  if (colon == std::string::npos) return line.size();
  std::string name = line.substr(0, colon);
  std::transform(name.begin(), name.end(), name.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  const std::size_t begin = std::min(line.find_first_not_of(' ', colon + 1), line.size());
  const std::size_t end = line.find_last_not_of("\r\n") + 1;
  (*static_cast<std::map<std::string, std::string>*>(headers))[name] =
      line.substr(begin, end > begin ? end - begin : 0);
  return line.size();
}

}  // namespace

HttpAnswer http_call(const HttpCall& call) {
  const std::unique_ptr<CURL, decltype(&curl_easy_cleanup)> handle(curl_easy_init(),
                                                                   &curl_easy_cleanup);
  std::unique_ptr<curl_slist, decltype(&curl_slist_free_all)> headers(nullptr,
                                                                      &curl_slist_free_all);
  for (const std::string& header : call.headers) {
    headers.reset(curl_slist_append(headers.release(), header.c_str()));
  }
  HttpAnswer answer;
  curl_easy_setopt(handle.get(), CURLOPT_URL, call.url.c_str());
  curl_easy_setopt(handle.get(), CURLOPT_HTTPHEADER, headers.get());
  if (call.method == "HEAD") {
    curl_easy_setopt(handle.get(), CURLOPT_NOBODY, 1L);
  } else if (call.method != "GET") {
    curl_easy_setopt(handle.get(), CURLOPT_POSTFIELDSIZE, static_cast<long>(call.body.size()));
    curl_easy_setopt(handle.get(), CURLOPT_COPYPOSTFIELDS, call.body.c_str());
    curl_easy_setopt(handle.get(), CURLOPT_CUSTOMREQUEST, call.method.c_str());
  }
  curl_easy_setopt(handle.get(), CURLOPT_NOPROXY, "*");
  curl_easy_setopt(handle.get(), CURLOPT_TIMEOUT, 30L);
  curl_easy_setopt(handle.get(), CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(handle.get(), CURLOPT_WRITEFUNCTION, &append);
  curl_easy_setopt(handle.get(), CURLOPT_WRITEDATA, &answer.body);
  curl_easy_setopt(handle.get(), CURLOPT_HEADERFUNCTION, &note_header);
  curl_easy_setopt(handle.get(), CURLOPT_HEADERDATA, &answer.headers);
  const CURLcode code = curl_easy_perform(handle.get());
  if (code != CURLE_OK) {
    throw std::runtime_error("cannot reach " + call.url + ": " + curl_easy_strerror(code));
  }
  long status = 0;
  curl_easy_getinfo(handle.get(), CURLINFO_RESPONSE_CODE, &status);
  answer.status = static_cast<int>(status);
  return answer;
}

HttpAnswer http_get(const std::string& url, const std::string& token) {
  HttpCall call{.url = url};
  if (!token.empty()) call.headers.push_back("X-Figma-Token: " + token);
  return http_call(call);
}

}  // namespace gantry::testing
