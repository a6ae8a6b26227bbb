// Requests and responses as the HTTP server passes them on: plain values, decoded.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace gantry::httpd {

// Names and values in the order in which they were sent. Names are compared without case.
using Headers = std::vector<std::pair<std::string, std::string>>;

// How names of headers are compared: A is a.
bool equal_without_case(std::string_view left, std::string_view right);

// Bytes of this answer only, or bytes that many answers share without copying.
using Body = std::variant<std::string, std::shared_ptr<const std::string>>;

struct Remote {
  std::string address;  // "127.0.0.1"
  std::uint16_t port = 0;
};

struct Request {
  std::string method;                                      // "GET"
  std::string target;                                      // as sent: "/a%20b?ids=1%3A2"
  std::string path;                                        // decoded: "/a b"
  std::string raw_query;                                   // as sent, without '?': "ids=1%3A2"
  std::vector<std::pair<std::string, std::string>> query;  // decoded, in order: {"ids", "1:2"}
  Headers headers;
  std::string body;
  Remote remote;

  // The first value of a header or of a query parameter.
  std::optional<std::string_view> header(std::string_view name) const;
  std::optional<std::string_view> query_value(std::string_view name) const;

  // Fills path, raw_query and query from target. False if it is not a path with a query.
  bool parse_target();
};

// Content-Length, Transfer-Encoding and Connection are the server's own and not among the headers.
struct Response {
  int status = 200;
  Headers headers;
  Body body;
};

}  // namespace gantry::httpd
