#include "gantry/artifacts/archive_stream.hpp"

#include <fstream>

#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gantry/artifacts/artifact_driver.hpp"
#include "gantry/artifacts/local_artifact_store.hpp"
#include "gantry/async/event.hpp"
#include "gantry/async/task_scope.hpp"
#include "gantry/base/error.hpp"

namespace gantry::artifacts {
namespace {

using ::testing::AllOf;
using ::testing::Ge;
using ::testing::HasSubstr;
using ::testing::Le;

// Holds bytes in memory and counts what is read.
class CountingStore final : public ArtifactStore {
 public:
  std::map<std::string, std::string> contents;
  std::size_t reads = 0;
  std::uint64_t bytes_read = 0;
  std::size_t under_way = 0;
  std::size_t most_under_way = 0;
  std::optional<Error> failure;  // of the last artifact

  Artifact add(const std::string& key, std::string bytes) {
    contents[key] = std::move(bytes);
    return artifact_of(key, contents[key]);
  }

  async::awaitable<std::string> read(Artifact artifact, std::uint64_t offset,
                                     std::size_t length) override {
    check_range(artifact, offset, length);
    ++reads;
    bytes_read += length;
    most_under_way = std::max(most_under_way, ++under_way);
    // What is asked for first is there last.
    for (std::size_t turn = 0; turn < 40 - std::min<std::size_t>(reads, 40); ++turn) {
      co_await boost::asio::post(boost::asio::use_awaitable);
    }
    --under_way;
    if (failure && artifact.key == contents.rbegin()->first) throw *failure;
    co_return contents.at(artifact.key).substr(offset, length);
  }

  async::awaitable<Artifact> put(std::string, std::filesystem::path) override { throw unused(); }
  async::awaitable<std::optional<Artifact>> find(std::string) override { throw unused(); }
  async::awaitable<void> remove(std::string) override { throw unused(); }
  async::awaitable<std::vector<std::string>> list(std::string, std::string) override {
    throw unused();
  }

 private:
  static Error unused() { return Error(ErrorCode::kInternal, "not of this store"); }
};

class ArchiveStreamTest : public ::testing::Test {
 protected:
  void add(std::string bytes) {
    std::string name = std::to_string(1'000 + parts_.size());
    parts_.push_back({RelativePath(name), store_.add(name, std::move(bytes)), {}});
  }
  std::shared_ptr<const Archive> archive() { return std::make_shared<const Archive>(parts_); }

  // What arrives of the whole archive, and the error that ends it.
  std::string send_whole(std::string& received) {
    auto whole = archive();
    try {
      driver_.send(store_, whole, {0, whole->plan().size()}, received);
    } catch (const Error& error) {
      return std::string(to_string(error.code())) + ": " + error.message();
    }
    return "";
  }

  CountingStore store_;
  std::vector<Archive::Part> parts_;
  ArtifactDriver driver_;
};

TEST_F(ArchiveStreamTest, SendsEveryRangeAsTheSliceOfTheWhole) {
  for (std::size_t i = 0; i < 60; ++i) {
    add(noise(i * i * 37 % 5'000, static_cast<std::uint32_t>(i)));
  }
  add(noise((2 << 20) + 17));
  auto whole_archive = archive();
  std::uint64_t size = whole_archive->plan().size();
  std::string whole;
  ASSERT_EQ(send_whole(whole), "");
  ASSERT_EQ(whole.size(), size);
  std::uint32_t seed = 7;
  auto random = [&seed](std::uint64_t below) {
    seed = seed * 1'664'525 + 1'013'904'223;
    return (std::uint64_t{seed} * below) >> 32;
  };
  for (int i = 0; i < 2'000; ++i) {
    // Half of them among the small members and in the directory.
    std::uint64_t offset = i % 2 == 0 ? random(size) : random(200'000);
    std::uint64_t length = random(std::min<std::uint64_t>(size - offset, 100'000) + 1);
    std::string part;
    driver_.send(store_, whole_archive, {offset, length}, part);
    ASSERT_TRUE(part == whole.substr(offset, length)) << offset << " " << length;
  }
}

TEST_F(ArchiveStreamTest, ReadsAheadAndSoFarOnly) {
  for (int i = 0; i < 200; ++i) add(noise(100));
  std::string received;
  EXPECT_EQ(send_whole(received), "");
  EXPECT_THAT(store_.most_under_way, AllOf(Ge(8U), Le(32U)));
}

TEST_F(ArchiveStreamTest, EndsBeforeTheLastPieceOfWhatHasChanged) {
  add("first");
  add(noise(3 << 20));
  store_.contents["1001"][100] ^= 1;
  std::string received;
  EXPECT_THAT(send_whole(received),
              HasSubstr("bad_response: the artifact '1001' has changed in its "
                        "store: its CRC-32 is"));
  EXPECT_LT(received.size(), 3U << 20);
}

TEST_F(ArchiveStreamTest, EndsWithTheErrorOfAMember) {
  for (int i = 0; i < 100; ++i) add(noise(100'000));
  store_.failure = Error(ErrorCode::kNotFound, "the artifact is gone");
  std::string received;
  EXPECT_EQ(send_whole(received), "not_found: the artifact is gone");
  EXPECT_THAT(received.size(), AllOf(Ge(9'000'000U), Le(9'999'999U)));
}

async::awaitable<void> take_one_piece(std::shared_ptr<async::Event> more, std::string& received,
                                      std::string bytes) {
  received += bytes;
  co_await more->wait();
}

async::awaitable<void> send_to_slow_peer(ArtifactStore& store, async::WorkerPool& pool,
                                         std::shared_ptr<const Archive> archive,
                                         std::shared_ptr<async::Event> more,
                                         std::string& received) {
  Sink sink = [more, &received](std::string bytes) {
    return take_one_piece(more, received, std::move(bytes));
  };
  Span whole{0, archive->plan().size()};
  co_await send_archive(store, pool, std::move(archive), whole, std::move(sink));
}

async::awaitable<void> cancel_when_nothing_moves(async::TaskScope& scope, CountingStore& store,
                                                 std::string& received) {
  std::uint64_t before = 0;
  for (int turn = 0; turn < 2'000 || before != store.bytes_read + received.size(); ++turn) {
    before = store.bytes_read + received.size();
    co_await boost::asio::post(boost::asio::use_awaitable);
  }
  scope.cancel();
}

async::awaitable<void> stall_and_cancel(CountingStore& store, async::WorkerPool& pool,
                                        std::shared_ptr<const Archive> archive,
                                        std::string& received) {
  auto executor = co_await boost::asio::this_coro::executor;
  auto more = std::make_shared<async::Event>(executor);
  async::TaskScope scope(executor);
  scope.spawn(send_to_slow_peer(store, pool, std::move(archive), more, received));
  co_await cancel_when_nothing_moves(scope, store, received);
  co_await scope.join();
}

TEST_F(ArchiveStreamTest, ReadsNoMoreThanThePeerTakesAndEndsWhenItIsCancelled) {
  for (int i = 0; i < 100; ++i) add(noise(1 << 20, static_cast<std::uint32_t>(i)));
  std::string received;
  testing::run(driver_.loop, stall_and_cancel(store_, driver_.pool, archive(), received));
  EXPECT_LE(received.size(), 512U << 10);
  EXPECT_THAT(store_.bytes_read, AllOf(Ge(8ULL << 20), Le(9ULL << 20)));
  EXPECT_EQ(store_.under_way, 0U);
}

async::awaitable<void> fail(std::string) {
  throw Error(ErrorCode::kNetwork, "the peer has gone");
  co_return;
}

TEST_F(ArchiveStreamTest, EndsWithTheErrorOfThePeer) {
  for (int i = 0; i < 100; ++i) add(noise(1 << 20));
  auto whole = archive();
  try {
    testing::run(driver_.loop,
                 send_archive(store_, driver_.pool, whole, {0, whole->plan().size()}, fail));
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.message(), "the peer has gone");
  }
  EXPECT_EQ(store_.under_way, 0U);
}

TEST_F(ArchiveStreamTest, SendsOneArtifactAndChecksIt) {
  std::string bytes = noise(3'000'000);
  Artifact artifact = store_.add("a", bytes);
  auto send = [&](Span span) {
    std::string received;
    testing::run(driver_.loop, send_artifact(store_, driver_.pool, artifact, span,
                                             ArtifactDriver::sink_into(received)));
    return received;
  };
  EXPECT_TRUE(send({0, 3'000'000}) == bytes);
  EXPECT_TRUE(send({1'000'000, 1'500'000}) == bytes.substr(1'000'000, 1'500'000));
  EXPECT_EQ(send({3'000'000, 0}), "");
  EXPECT_THROW(send({3'000'000, 1}), Error);
  store_.contents["a"][2'999'999] ^= 1;
  EXPECT_THROW(send({0, 3'000'000}), Error);
  EXPECT_EQ(send({0, 10}), bytes.substr(0, 10));
}

TEST_F(ArchiveStreamTest, OfTheSamePartsIsTheSameArchive) {
  add("a");
  add("b");
  std::string tag = archive()->plan().etag();
  EXPECT_EQ(archive()->plan().etag(), tag);
  parts_[1].artifact.sha256 = Digest();
  EXPECT_NE(archive()->plan().etag(), tag);
}

}  // namespace
}  // namespace gantry::artifacts
