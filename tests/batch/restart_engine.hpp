// What one process has that fetches nodes from a sandbox, one a call, and keeps them in a store on
// disk.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <fmt/format.h>

#include "gantry/async/worker_pool.hpp"
#include "gantry/batch/batch_processor.hpp"
#include "gantry/net/client.hpp"
#include "gantry/net/curl_transport.hpp"
#include "gantry/store/sqlite_store.hpp"

#include "testing/io_loop.hpp"

namespace gantry::testing {

inline constexpr const char* kPool = "api";
inline constexpr std::size_t kKeys = 200;

class RestartEngine {
 public:
  RestartEngine(std::string base_url, const std::filesystem::path& file)
      : base_url_(std::move(base_url)),
        store_(store::SqliteStore::open(loop_.get_executor(), clock_, workers_, file)) {
    admission_.queue().set_pool(kPool, 100, net::LaneOrder::kInTurn);
  }

  std::vector<batch::Item<std::string>> process() {
    batch::ProcessorOptions options;
    options.store = store_.get();
    options.ticket = net::TicketRequest{.pool = kPool};
    batch::BatchProcessor<std::string> processor(
        {loop_.get_executor(), clock_, flights_, admission_}, options);
    std::vector<batch::Request<std::string>> requests;
    for (std::size_t i = 0; i < kKeys; ++i) {
      std::string id = fmt::format("777:{}", i);
      batch::Request<std::string> request;
      request.key = "node:" + id;
      request.fetch = [this, id](batch::CallContext context) {
        return get(id, std::move(context));
      };
      requests.push_back(std::move(request));
    }
    auto items = run_for(loop_, processor.process(requests));
    run(loop_, processor.flush());
    return items;
  }

 private:
  async::awaitable<std::string> get(std::string id, batch::CallContext context) {
    net::HttpRequest request;
    request.url = base_url_ + "/v1/files/sandbox-light/nodes?ids=" + id;
    request.credential = {"X-Figma-Token", Secret("figd_test"), base_url_};
    net::CallOptions options;
    options.ticket.pool = kPool;
    options.grant = context.grant;
    net::HttpResponse response = co_await client_.send(std::move(request), std::move(options));
    if (response.status != 200) throw Error(ErrorCode::kServer, id);
    co_return response.body.read(1 << 20);
  }

  std::string base_url_;
  boost::asio::io_context loop_{1};
  async::SystemClock clock_{loop_.get_executor()};
  async::WorkerPool workers_{2};
  net::Admission admission_{loop_.get_executor(), clock_, std::chrono::minutes(15)};
  async::TaskScope flights_{loop_.get_executor()};
  net::CurlTransport transport_{loop_.get_executor(), clock_, net::EgressPolicy(), "gantry-test"};
  net::Client client_{
      transport_, admission_, net::EgressPolicy(), clock_, [](const std::string&) {}, 1};
  std::unique_ptr<store::SqliteStore> store_;
};

}  // namespace gantry::testing
