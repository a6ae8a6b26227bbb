#include "gantry/httpd/router.hpp"

#include <algorithm>
#include <memory>

#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "gantry/base/error.hpp"
#include "gantry/httpd/problem.hpp"

namespace gantry::httpd {
namespace {

// The decoded segments of a raw target; nothing if it is no path.
std::optional<std::vector<std::string>> segments_of(std::string_view target) {
  const auto parsed = boost::urls::parse_origin_form(target);
  if (!parsed) return std::nullopt;
  std::vector<std::string> segments;
  for (auto segment : parsed->segments()) segments.push_back(std::move(segment));
  return segments;
}

void answer(Responder& responder, const Error& error) {
  if (!responder.answered()) responder.send(to_response(problem_of(error)));
}

}  // namespace

void Parameters::add(std::string name, std::string value) {
  values_.emplace_back(std::move(name), std::move(value));
}

const std::string& Parameters::operator[](std::string_view name) const {
  for (const auto& [known, value] : values_) {
    if (known == name) return value;
  }
  throw Error(ErrorCode::kInternal, fmt::format("the route has no parameter '{}'", name));
}

std::vector<Router::Segment> Router::parse(std::string_view pattern) {
  const auto malformed = [&] {
    return Error(ErrorCode::kInternal, fmt::format("the route '{}' is malformed", pattern));
  };
  if (!pattern.starts_with('/')) throw malformed();
  std::vector<Segment> segments;
  std::string_view rest = pattern.substr(1);
  if (rest.empty()) return segments;
  for (;;) {
    const auto end = rest.find('/');
    std::string_view text = rest.substr(0, end);
    const bool is_parameter = text.starts_with('{') && text.ends_with('}');
    if (is_parameter) text = text.substr(1, text.size() - 2);
    if (text.empty() || text.find_first_of("{}") != text.npos) throw malformed();
    segments.push_back({is_parameter, std::string(text)});
    if (end == rest.npos) return segments;
    rest.remove_prefix(end + 1);
  }
}

bool Router::is_before(const Route& left, const Route& right) {
  return std::ranges::lexicographical_compare(
      left.segments, right.segments,
      [](const Segment& a, const Segment& b) { return !a.is_parameter && b.is_parameter; });
}

std::string Router::allow_of(const Route& route) {
  std::vector<std::string_view> names;
  for (const auto& [method, handler] : route.methods) {
    names.push_back(method);
    if (method == "GET") names.push_back("HEAD");
  }
  std::ranges::sort(names);
  const auto repeated = std::ranges::unique(names);
  names.erase(repeated.begin(), repeated.end());
  return fmt::format("{}", fmt::join(names, ", "));
}

void Router::add(std::string method, std::string_view pattern, RouteHandler handler) {
  auto segments = parse(pattern);
  const auto same = [&](const Route& route) {
    return std::ranges::equal(route.segments, segments, [](const Segment& a, const Segment& b) {
      return a.is_parameter == b.is_parameter && a.text == b.text;
    });
  };
  auto route = std::ranges::find_if(routes_, same);
  if (route == routes_.end()) {
    Route added{std::move(segments), {}};
    const auto place = std::upper_bound(routes_.begin(), routes_.end(), added, is_before);
    route = routes_.insert(place, std::move(added));
  }
  for (const auto& [known, other] : route->methods) {
    if (known == method) {
      throw Error(ErrorCode::kInternal, fmt::format("{} {} has two handlers", method, pattern));
    }
  }
  route->methods.emplace_back(std::move(method), std::move(handler));
}

Router::Match Router::match(std::string_view method, std::string_view target) const {
  Match result;
  const auto given = segments_of(target);
  if (!given) return result;
  const auto fits = [&](const Route& route) {
    return std::ranges::equal(route.segments, *given,
                              [](const Segment& segment, const std::string& text) {
                                return segment.is_parameter ? !text.empty() : segment.text == text;
                              });
  };
  const auto route = std::ranges::find_if(routes_, fits);
  if (route == routes_.end()) return result;
  const auto find = [&](std::string_view name) {
    return std::ranges::find(route->methods, name, [](const auto& each) { return each.first; });
  };
  auto found = find(method);
  if (found == route->methods.end() && method == "HEAD") found = find("GET");
  result.allow = allow_of(*route);
  if (found == route->methods.end()) return result;
  result.handler = &found->second;
  for (std::size_t i = 0; i < route->segments.size(); ++i) {
    const auto& segment = route->segments[i];
    if (segment.is_parameter) result.parameters.add(segment.text, (*given)[i]);
  }
  return result;
}

void Router::handle(const Request& request, Responder responder) const {
  const auto found = match(request.method, request.target);
  if (!found.handler) {
    Problem problem;
    problem.status = found.allow.empty() ? 404 : 405;
    problem.detail = found.allow.empty() ? "there is nothing at this path"
                                         : fmt::format("this path answers {} only", found.allow);
    if (!found.allow.empty()) problem.headers.emplace_back("Allow", found.allow);
    return responder.send(to_response(problem));
  }
  try {
    (*found.handler)(request, found.parameters, responder);
  } catch (...) {
    answer(responder, current_error());
  }
}

Handler Router::handler() const {
  return [table = std::make_shared<const Router>(*this)](
             const Request& request, Responder responder) { table->handle(request, responder); };
}

Handler posted(Post post, Handler handler) {
  auto shared = std::make_shared<const Handler>(std::move(handler));
  return [post = std::move(post), shared](const Request& request, Responder responder) {
    post([shared, request, responder]() mutable {
      try {
        (*shared)(request, responder);
      } catch (...) {
        answer(responder, current_error());
      }
    });
  };
}

}  // namespace gantry::httpd
