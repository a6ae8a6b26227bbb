// Transport on libcurl: one thread owns the multi handle and all transfers; requests come through
// an inbox, completions go back to the io thread in one post a round.
//
// Connections are kept and shared, HTTP/2 is used where offered, bodies are decompressed, large
// ones stream to a file while they are hashed. Proxies come from the usual variables, and so do
// certificates to trust instead of the system's: CURL_CA_BUNDLE, SSL_CERT_FILE.
#pragma once

#include <memory>

#include <boost/asio/any_io_executor.hpp>

#include "gantry/async/clock.hpp"
#include "gantry/net/egress.hpp"
#include "gantry/net/transport.hpp"

namespace gantry::net {

class CurlTransport final : public Transport {
 public:
  // `clock` is read on the curl thread. `user_agent` goes with every request. What runs on
  // `executor` outlives the transport.
  CurlTransport(boost::asio::any_io_executor executor, const async::Clock& clock,
                EgressPolicy egress, std::string user_agent);
  // Ends the thread without waiting for a peer. What is still awaited ends with kCancelled.
  ~CurlTransport() override;

  async::awaitable<HttpResponse> send(HttpRequest request) override;

 private:
  class Worker;
  async::awaitable<HttpResponse> start(HttpRequest request);
  std::shared_ptr<Worker> worker_;  // cancellations that come later find it gone
};

}  // namespace gantry::net
