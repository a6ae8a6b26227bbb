// A process that is killed in the middle of a batch: what it had written, the next one need not ask
// for.
#include <csignal>
#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "gantry/async/worker_pool.hpp"
#include "gantry/batch/batch_processor.hpp"
#include "gantry/net/client.hpp"
#include "gantry/net/curl_transport.hpp"
#include "gantry/store/sqlite_store.hpp"

#include "testing/files.hpp"
#include "testing/io_loop.hpp"
#include "testing/sandbox.hpp"

namespace gantry::testing {
namespace {

using namespace std::chrono_literals;

constexpr const char* kPool = "api";
constexpr std::size_t kKeys = 200;

// What one process has.
class Engine {
 public:
  Engine(std::string base_url, const std::filesystem::path& file)
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
  net::Admission admission_{loop_.get_executor(), clock_, 15min};
  async::TaskScope flights_{loop_.get_executor()};
  net::CurlTransport transport_{loop_.get_executor(), clock_, net::EgressPolicy(), "gantry-test"};
  net::Client client_{
      transport_, admission_, net::EgressPolicy(), clock_, [](const std::string&) {}, 1};
  std::unique_ptr<store::SqliteStore> store_;
};

// The program that is killed.
TEST(DISABLED_Restart, Victim) {
  Engine(std::getenv("GANTRY_TEST_URL"), std::getenv("GANTRY_TEST_STORE")).process();
}

TEST(Restart, AfterAKillWhatWasWrittenIsServedWithoutACall) {
  Sandbox sandbox({"--icons", "10", "--api-latency", "40"});
  TemporaryFolder folder;
  const std::filesystem::path file = folder / "store.db";
  Process victim(
      {.program = "/proc/self/exe",
       .arguments = {"--gtest_also_run_disabled_tests", "--gtest_filter=*Restart.Victim"},
       .environment = {{"GANTRY_TEST_URL", sandbox.base_url()},
                       {"GANTRY_TEST_STORE", file.string()}}});
  while (sandbox.count("api.requests") < 100 && victim.running()) std::this_thread::sleep_for(5ms);
  victim.kill(SIGKILL);
  ASSERT_EQ(victim.wait().signal, SIGKILL) << "it was to be killed in the middle: " << victim.out();

  sandbox.reset();
  std::int64_t stored = 0;
  for (const auto& item : Engine(sandbox.base_url(), file).process()) {
    ASSERT_TRUE(item.ok()) << item.error().message();
    if (item.provenance().source == batch::Provenance::Source::kStore) ++stored;
  }
  RecordProperty("stored", static_cast<int>(stored));
  EXPECT_GT(stored, 50) << "of the hundred or so that were asked for";
  EXPECT_LT(stored, static_cast<std::int64_t>(kKeys));
  EXPECT_EQ(sandbox.count("api.requests"), static_cast<std::int64_t>(kKeys) - stored);

  sandbox.reset();
  for (const auto& item : Engine(sandbox.base_url(), file).process()) EXPECT_TRUE(item.ok());
  EXPECT_EQ(sandbox.count("api.requests"), 0);
}

}  // namespace
}  // namespace gantry::testing
