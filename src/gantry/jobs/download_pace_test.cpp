#include "gantry/jobs/download_pace.hpp"

#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

#include "gantry/store/memory_store.hpp"

namespace gantry::jobs {
namespace {

using namespace std::chrono_literals;

class DownloadPaceTest : public ::testing::Test {
 protected:
  static net::TicketRequest download(const std::string& host) {
    return {.budget = "", .host = host, .pool = "downloads"};
  }

  // What becomes of a run that makes so many downloads, all slots being in use.
  int run(int downloads, async::Duration latency, const std::string& host = "cdn.example") {
    net::AdmissionQueue queue;
    DownloadPace pace(queue, "downloads", clock_, scope_, &store_, {});
    int in_use = 0;
    for (int i = 0; i < downloads; ++i) {
      while (queue.next(clock_.now()).granted) ++in_use;
      for (; in_use < pace.limit(); ++in_use) {
        queue.add(download(host), clock_.now());
        EXPECT_TRUE(queue.next(clock_.now()).granted);
      }
      pace.attempt_ended(download(host), latency, false);
      clock_.advance(1ms);
      settle();
      if (i == 0) first_limit_ = pace.limit();
    }
    scope_.spawn(pace.keep());
    settle();
    return pace.limit();
  }
  void settle() {
    loop_.restart();
    loop_.poll();
  }

  boost::asio::io_context loop_;
  async::VirtualClock clock_;
  async::TaskScope scope_{loop_.get_executor()};
  store::MemoryStore store_{clock_, 1 << 20};
  int first_limit_ = 0;
};

TEST_F(DownloadPaceTest, TheNextRunBeginsWithWhatThisOneHasFound) {
  int found = run(2'000, 40ms);
  EXPECT_EQ(first_limit_, 20);
  EXPECT_GT(found, 60);
  run(1, 40ms);
  EXPECT_GT(first_limit_, 60);
  run(1, 40ms, "elsewhere.example");
  EXPECT_EQ(first_limit_, 20);
}

TEST_F(DownloadPaceTest, AFewDownloadsTeachNothing) {
  run(150, 40ms);
  run(1, 40ms);
  EXPECT_EQ(first_limit_, 20);
}

TEST_F(DownloadPaceTest, ADamagedRecordIsNone) {
  for (const char* text : {"", "x", "60x", "99999999999999"}) {
    std::vector<store::Put> puts;
    puts.push_back({"downloads/cdn.example", {.bytes = std::make_shared<const std::string>(text)}});
    scope_.spawn(store_.put_many(std::move(puts)));
    settle();
    run(1, 40ms);
    EXPECT_EQ(first_limit_, 20) << text;
  }
}

}  // namespace
}  // namespace gantry::jobs
