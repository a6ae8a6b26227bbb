// The simulated CDN: signed addresses that expire, and the rendered bytes behind them.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

#include "gantry/httpd/message.hpp"

#include "apps/sandbox/design.hpp"

namespace gantry::sandbox {

class Cdn {
 public:
  // `design` must outlive it.
  Cdn(const Design& design, std::chrono::seconds url_lifetime)
      : design_(design), url_lifetime_(url_lifetime) {}

  // "http://127.0.0.2:8080/cdn/<file>/<version>/<format>/<scale>/<node>?Expires=..&Signature=..";
  // `now` in seconds since 1970. `scale` as the client wrote it.
  std::string address(std::string_view base, const File& file, const Component& component,
                      std::string_view format, std::string_view scale, std::int64_t now) const;

  // Bytes of one picture; 403 with XML for an address that is too old, not signed here or comes
  // with a credential; 404 for one that leads nowhere. Any thread.
  httpd::Response answer(const httpd::Request& request, std::int64_t now);

 private:
  std::shared_ptr<const std::string> picture(const std::string& path);

  const Design& design_;
  const std::chrono::seconds url_lifetime_;
  std::mutex mutex_;
  std::unordered_map<std::string, std::shared_ptr<const std::string>> pictures_;
};

// Whether a request carries a Figma token or an Authorization header.
bool carries_credential(const httpd::Request& request);

}  // namespace gantry::sandbox
