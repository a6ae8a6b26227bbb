// Archives as clients get them over HTTP: whole, in ranges, resumed, and cut off where a member is
// not what it was.
#include <thread>
#include <tuple>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gantry/artifacts/archive_stream.hpp"
#include "gantry/artifacts/artifact_driver.hpp"
#include "gantry/artifacts/local_artifact_store.hpp"
#include "gantry/async/event.hpp"
#include "gantry/base/error.hpp"
#include "gantry/httpd/byte_range.hpp"
#include "gantry/httpd/server.hpp"

#include "testing/files.hpp"
#include "testing/process.hpp"

namespace gantry::artifacts {
namespace {

using ::testing::HasSubstr;

constexpr int kCurlPartialFile = 18;

// A piece on its way to the peer.
struct Delivery {
  explicit Delivery(const async::any_io_executor& executor) : done(executor) {}
  async::Event done;
  bool arrived = false;
};

async::awaitable<void> deliver(httpd::Responder responder, std::string bytes) {
  auto executor = co_await boost::asio::this_coro::executor;
  auto delivery = std::make_shared<Delivery>(executor);
  auto report = [executor, delivery](bool arrived) {
    boost::asio::post(executor, [delivery, arrived] {
      delivery->arrived = arrived;
      delivery->done.set();
    });
  };
  responder.write(std::move(bytes), std::move(report));
  co_await delivery->done.wait();
  if (!delivery->arrived) throw Error(ErrorCode::kNetwork, "the peer has gone");
}

async::awaitable<void> answer(ArtifactStore& store, async::WorkerPool& pool,
                              std::shared_ptr<const Archive> archive, httpd::BodyPart part,
                              httpd::Responder responder, bool is_head) {
  httpd::Headers headers = {{"ETag", archive->plan().etag()}, {"Accept-Ranges", "bytes"}};
  if (part.content_range) headers.emplace_back("Content-Range", *part.content_range);
  responder.begin(part.status, headers, part.length, httpd::AfterAnswer::kCloseConnection);
  Sink sink = [responder](std::string bytes) { return deliver(responder, std::move(bytes)); };
  try {
    if (!is_head) {
      Span span{part.offset, part.length};
      co_await send_archive(store, pool, archive, span, std::move(sink));
    }
  } catch (const Error&) {
    // Short of its length, the answer ends as a broken one.
  }
  responder.end();
}

// A server of one archive, with an io thread for the store.
class DownloadTest : public ::testing::Test {
 protected:
  DownloadTest() {
    for (std::size_t i = 0; i < 40; ++i) add(noise(i * 1'000, static_cast<std::uint32_t>(i)));
    add(noise(3'000'000));
    archive_ = std::make_shared<const Archive>(parts_);
    server_.start();
    io_thread_ = std::thread([this] { loop_.run(); });
  }
  ~DownloadTest() override {
    server_.stop();
    guard_.reset();
    io_thread_.join();
  }

  void add(const std::string& bytes) {
    std::string name = fmt::format("{:03}.bin", parts_.size());
    parts_.push_back({RelativePath(name), driver_.put(store_, name, bytes), {}});
  }

  void handle(const httpd::Request& request, httpd::Responder responder) {
    bool is_head = request.method == "HEAD";
    httpd::BodyPart part = httpd::choose_part(is_head ? std::nullopt : request.header("Range"),
                                              request.header("If-Range"), archive_->plan().etag(),
                                              archive_->plan().size());
    boost::asio::post(loop_, [this, part, responder, is_head] {
      boost::asio::co_spawn(loop_, answer(store_, pool_, archive_, part, responder, is_head),
                            boost::asio::detached);
    });
  }

  // Runs curl, which writes into the file `out`.
  testing::ProcessResult curl(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {"-sS", "--noproxy", "*", "-o", file().string()});
    arguments.push_back(fmt::format("http://127.0.0.1:{}/", server_.port()));
    return testing::run({.program = "curl", .arguments = std::move(arguments)});
  }
  std::filesystem::path file() const { return driver_.files / "out"; }

  std::filesystem::path object(std::size_t part) const {
    std::string hex = parts_[part].artifact.sha256.hex();
    return folder_ / "objects" / hex.substr(0, 2) / hex;
  }

  testing::TemporaryFolder folder_;
  ArtifactDriver driver_;  // for what is put before the server starts
  LocalArtifactStore store_{folder_.path(), driver_.pool};
  std::vector<Archive::Part> parts_;
  std::shared_ptr<const Archive> archive_;
  boost::asio::io_context loop_;
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> guard_{
      loop_.get_executor()};
  async::WorkerPool pool_{2};
  std::thread io_thread_;
  httpd::Server server_{{}, [this](const httpd::Request& request, httpd::Responder responder) {
                          handle(request, std::move(responder));
                        }};
};

TEST_F(DownloadTest, ArrivesWholeWithItsLengthAndTag) {
  testing::ProcessResult result = curl({"-w", "%{http_code} %{size_download} %header{etag}"});
  EXPECT_EQ(result.out, fmt::format("200 {} {}", archive_->plan().size(), archive_->plan().etag()));
  testing::ProcessResult check =
      testing::run({.program = "unzip", .arguments = {"-tqq", file().string()}});
  EXPECT_EQ(check.exit_code, 0) << check.out << check.err;
}

TEST_F(DownloadTest, ArrivesInRangesAndIsResumed) {
  curl({});
  std::string whole = testing::read_text(file());
  const std::size_t size = whole.size();
  for (auto [range, offset, length] :
       {std::tuple("0-0", 0UL, 1UL), std::tuple("100-50000", 100UL, 49'901UL),
        std::tuple("3000000-", 3'000'000UL, size), std::tuple("-1000", size - 1'000, 1'000UL)}) {
    curl({"-r", range});
    EXPECT_TRUE(testing::read_text(file()) == whole.substr(offset, length)) << range;
  }
  testing::write_text(file(), whole.substr(0, 1'234'567));
  EXPECT_EQ(curl({"-C", "-", "-w", "%{http_code}"}).out, "206");
  EXPECT_TRUE(testing::read_text(file()) == whole);
  EXPECT_EQ(curl({"-r", "0-0", "-H", "If-Range: \"another\"", "-w", "%{http_code}"}).out, "200");
  EXPECT_EQ(curl({"-r", "99999999-", "-w", "%{http_code} %header{content-range}"}).out,
            fmt::format("416 bytes */{}", whole.size()));
}

TEST_F(DownloadTest, TellsTheLengthToHead) {
  testing::ProcessResult result =
      curl({"-I", "-r", "0-0", "-w", "%{http_code} %header{content-length}"});
  EXPECT_EQ(result.out, fmt::format("200 {}", archive_->plan().size()));
}

TEST_F(DownloadTest, IsCutOffWhereAMemberHasChanged) {
  std::string bytes = testing::read_text(object(30));
  bytes[10] ^= 1;
  testing::write_text(object(30), bytes);
  testing::ProcessResult result = curl({});
  EXPECT_EQ(result.exit_code, kCurlPartialFile) << result.err;
  EXPECT_LT(std::filesystem::file_size(file()), archive_->plan().size());
}

TEST_F(DownloadTest, IsCutOffWhereAMemberIsMissing) {
  std::filesystem::remove(object(40));
  EXPECT_EQ(curl({}).exit_code, kCurlPartialFile);
}

}  // namespace
}  // namespace gantry::artifacts
