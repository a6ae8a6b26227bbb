// HTTP as a plain client speaks it, for tests of servers on loopback.
#pragma once

#include <map>
#include <string>
#include <vector>

namespace gantry::testing {

struct HttpCall {
  std::string method = "GET";
  std::string url;
  std::vector<std::string> headers{};  // "Name: value"
  std::string body{};
};

struct HttpAnswer {
  int status = 0;
  std::map<std::string, std::string> headers{};  // by name in lower case
  std::string body;
};

// Without redirects; throws if there is no answer within thirty seconds.
HttpAnswer http_call(const HttpCall& call);
// A GET, with the token as X-Figma-Token unless it is empty.
HttpAnswer http_get(const std::string& url, const std::string& token = "");

}  // namespace gantry::testing
