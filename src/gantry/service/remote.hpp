// A client of the service's API. Io thread.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>

#include <boost/json/value.hpp>

#include "gantry/async/clock.hpp"
#include "gantry/base/secret.hpp"
#include "gantry/net/transport.hpp"

namespace gantry::service {

class Remote {
 public:
  // `url`: "http://127.0.0.1:8080". `key`: an API key, or empty. Clock and transport outlive it.
  Remote(async::Clock& clock, net::Transport& transport, std::string url, Secret key);

  // Sends a request that may be repeated without harm, and so is, for a while, when the server
  // cannot be reached or answers 5xx. `body`: empty for none. What the server says is wrong is
  // thrown with its words: kUsage, kUnauthorized, kForbidden, kNotFound, kConflict, kServer.
  async::awaitable<boost::json::value> call(std::string method, std::string path,
                                            std::string body = "",
                                            std::string idempotency_key = "");

  // The status of a batch as soon as it is another than the one with this tag, or after 20 s.
  struct Status {
    std::string etag;
    boost::json::value value;  // null: unchanged
  };
  async::awaitable<Status> wait_for_change(std::string batch, std::string known_etag);

  // The ZIP of a batch. It arrives in `file` + ".part" and is renamed when it is whole; a part of
  // the same archive that an earlier call has left is gone on with. `progress` gets the bytes that
  // are there and all. The size.
  async::awaitable<std::uint64_t> download(
      std::string batch, bool partial, std::filesystem::path file,
      std::function<void(std::uint64_t done, std::uint64_t total)> progress);

 private:
  net::HttpRequest request(std::string method, const std::string& path) const;
  async::awaitable<net::HttpResponse> send(net::HttpRequest request);

  async::Clock& clock_;
  net::Transport& transport_;
  std::string url_;
  Secret key_;
};

}  // namespace gantry::service
