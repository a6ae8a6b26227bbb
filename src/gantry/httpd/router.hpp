// Which handler answers a request: a table of methods and path patterns, and the matching. Pure.
//
//   Router router;
//   router.add("GET", "/status/{task}", ...);
//   router.add("GET", "/status/batch/{batch}", ...);
//   Server server(options, router.handler());
//
// A pattern is a path of literal segments and of parameters in braces. A parameter takes one
// segment that is not empty and is percent-decoded once, so that it may hold a slash. If several
// patterns fit a path, the one with a literal further to the left wins.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gantry/httpd/server.hpp"

namespace gantry::httpd {

// The values of a pattern's parameters.
class Parameters {
 public:
  void add(std::string name, std::string value);
  // kInternal if the pattern has no such parameter.
  const std::string& operator[](std::string_view name) const;

 private:
  std::vector<std::pair<std::string, std::string>> values_;
};

using RouteHandler = std::function<void(const Request&, const Parameters&, Responder)>;

class Router {
 public:
  // A GET handler answers HEAD as well. Before the first request. kInternal for a pattern that is
  // malformed, or known with this method already.
  void add(std::string method, std::string_view pattern, RouteHandler handler);

  // `handler` is nothing if no pattern fits; `allow` is then empty for an unknown path, and else
  // lists the methods that the path has: "GET, HEAD".
  struct Match {
    const RouteHandler* handler = nullptr;
    Parameters parameters;
    std::string allow;
  };
  // `target` is the raw request target.
  Match match(std::string_view method, std::string_view target) const;

  // Calls the handler that fits. 404 and 405 (with Allow) are answered as problem documents, and so
  // is an Error or other exception that a handler throws before it has answered.
  void handle(const Request& request, Responder responder) const;
  // handle() of a copy of this table.
  Handler handler() const;

 private:
  struct Segment {
    bool is_parameter = false;
    std::string text;  // the decoded literal, or the parameter's name
  };
  struct Route {
    std::vector<Segment> segments;
    std::vector<std::pair<std::string, RouteHandler>> methods;
  };
  static std::vector<Segment> parse(std::string_view pattern);
  static bool is_before(const Route& left, const Route& right);
  static std::string allow_of(const Route& route);

  std::vector<Route> routes_;  // those with more literals on the left first
};

// Hands an action to the thread that shall run it, which may be done with it later or never.
using Post = std::function<void(std::function<void()>)>;

// A handler that runs on an application's own thread: `post` is called on the io thread with all
// that is needed. A request whose action is dropped unrun gets a 500 as any unanswered one.
Handler posted(Post post, Handler handler);

}  // namespace gantry::httpd
