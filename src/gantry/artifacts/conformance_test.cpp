// What every artifact store does, whatever is behind it. The one in S3 is tested against npm's
// s3rver and skipped where that cannot be had.
#include <chrono>
#include <functional>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gantry/artifacts/artifact_driver.hpp"
#include "gantry/artifacts/local_artifact_store.hpp"
#include "gantry/artifacts/s3_artifact_store.hpp"
#include "gantry/async/for_each.hpp"
#include "gantry/base/error.hpp"
#include "gantry/net/curl_transport.hpp"

#include "testing/npm.hpp"

namespace gantry::artifacts {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

class S3Server {
 public:
  explicit S3Server(const std::filesystem::path& folder)
      : process_(testing::npm_command("s3", "tests/s3/serve.mjs", folder.string())) {
    while (url_.empty() && process_.running()) {
      std::this_thread::sleep_for(20ms);
      std::string line = process_.out();
      std::size_t begin = line.find("http://");
      if (line.ends_with('\n') && begin != std::string::npos) {
        url_ = line.substr(begin, line.size() - begin - 1);
      }
    }
  }
  // Empty if it does not run.
  const std::string& url() const { return url_; }
  std::string why_not() { return process_.wait().out + process_.wait().err; }

 private:
  testing::Process process_;
  std::string url_;
};

// What a store in S3 stands on.
struct S3Kit {
  S3Kit(ArtifactDriver& driver, const std::string& url)
      : clock(driver.loop.get_executor()),
        admission(driver.loop.get_executor(), clock, 1min),
        transport(driver.loop.get_executor(), clock, net::EgressPolicy(), "gantry-test"),
        client(
            transport, admission, net::EgressPolicy(), clock, [](const std::string&) {}, 1),
        store({driver.loop.get_executor(), clock, driver.pool, admission, client},
              {url, "us-east-1", "S3RVER", Secret("S3RVER"), Secret()},
              {"artifacts", "gantry test/"}) {}

  async::SystemClock clock;
  net::Admission admission;
  net::CurlTransport transport;
  net::Client client;
  S3ArtifactStore store;
};

class ArtifactStoreConformance : public ::testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    if (GetParam() == "local") {
      local_.emplace(folder_.path(), driver.pool);
      store = &*local_;
      return;
    }
    server_.emplace(folder_.path());
    if (server_->url().empty()) GTEST_SKIP() << "no s3rver: " << server_->why_not();
    s3_.emplace(driver, server_->url());
    store = &s3_->store;
  }

  static ErrorCode code_of(const std::function<void()>& act) {
    try {
      act();
    } catch (const Error& error) {
      return error.code();
    }
    ADD_FAILURE() << "nothing is thrown";
    return ErrorCode::kInternal;
  }

  ArtifactDriver driver;
  ArtifactStore* store = nullptr;

 private:
  testing::TemporaryFolder folder_;
  std::optional<LocalArtifactStore> local_;
  std::optional<S3Server> server_;
  std::optional<S3Kit> s3_;
};

INSTANTIATE_TEST_SUITE_P(Stores, ArtifactStoreConformance, ::testing::Values("local", "s3"),
                         [](const auto& info) { return info.param; });

TEST_P(ArtifactStoreConformance, FindsAndReadsWhatWasPut) {
  std::string bytes = noise(250'000);
  Artifact put = driver.put(*store, "exports/t1/1/a.xml", bytes);
  EXPECT_EQ(put, artifact_of("exports/t1/1/a.xml", bytes));
  EXPECT_EQ(driver.find(*store, "exports/t1/1/a.xml"), put);
  EXPECT_EQ(driver.find(*store, "exports/t1/1/b.xml"), std::nullopt);
  EXPECT_TRUE(driver.read(*store, put, 0, 250'000) == bytes);
  // s3rver takes the range 0-0 for all.
  EXPECT_EQ(driver.read(*store, put, 0, 2), bytes.substr(0, 2));
  EXPECT_EQ(driver.read(*store, put, 100, 1'000), bytes.substr(100, 1'000));
  EXPECT_EQ(driver.read(*store, put, 249'999, 1), bytes.substr(249'999));
  EXPECT_EQ(driver.read(*store, put, 250'000, 0), "");
}

TEST_P(ArtifactStoreConformance, RefusesRangesBeyondTheArtifact) {
  Artifact put = driver.put(*store, "a", noise(100));
  EXPECT_EQ(code_of([&] { driver.read(*store, put, 0, 101); }), ErrorCode::kUsage);
  EXPECT_EQ(code_of([&] { driver.read(*store, put, 101, 0); }), ErrorCode::kUsage);
  EXPECT_EQ(code_of([&] { driver.read(*store, put, ~0ULL, 2); }), ErrorCode::kUsage);
  put.size = 1ULL << 40;
  EXPECT_EQ(code_of([&] { driver.read(*store, put, 0, ArtifactStore::kMostRead + 1); }),
            ErrorCode::kUsage);
}

TEST_P(ArtifactStoreConformance, HoldsNothingAsAnArtifact) {
  Artifact put = driver.put(*store, "empty", "");
  EXPECT_EQ(put, artifact_of("empty", ""));
  EXPECT_EQ(driver.find(*store, "empty"), put);
  EXPECT_EQ(driver.read(*store, put, 0, 0), "");
}

TEST_P(ArtifactStoreConformance, HoldsLargeFiles) {
  std::string bytes = noise((17 << 20) + 1);
  Artifact put = driver.put(*store, "large", bytes);
  EXPECT_EQ(put, artifact_of("large", bytes));
  EXPECT_EQ(driver.find(*store, "large"), put);
  for (std::size_t at : {0UL, (8UL << 20) - 10, (16UL << 20) - 1, (17UL << 20) - 150'000}) {
    std::size_t length = std::min(bytes.size() - at, std::size_t{200'000});
    EXPECT_TRUE(driver.read(*store, put, at, length) == bytes.substr(at, length)) << at;
  }
  EXPECT_EQ(driver.put(*store, "large", bytes), put);
}

TEST_P(ArtifactStoreConformance, TakesTheSameBytesAgainAndNoOthers) {
  Artifact put = driver.put(*store, "a", "bytes");
  EXPECT_EQ(driver.put(*store, "a", "bytes"), put);
  EXPECT_EQ(code_of([&] { driver.put(*store, "a", "other"); }), ErrorCode::kConflict);
  EXPECT_EQ(code_of([&] { driver.put(*store, "a", "bytes and more"); }), ErrorCode::kConflict);
  EXPECT_EQ(driver.find(*store, "a"), put);
  EXPECT_EQ(driver.read(*store, put, 0, 5), "bytes");
}

TEST_P(ArtifactStoreConformance, KeepsEqualBytesForEachKey) {
  Artifact first = driver.put(*store, "a", "bytes");
  Artifact second = driver.put(*store, "b", "bytes");
  driver.remove(*store, "a");
  EXPECT_EQ(driver.find(*store, "a"), std::nullopt);
  EXPECT_EQ(driver.find(*store, "b"), second);
  EXPECT_EQ(driver.read(*store, second, 0, 5), "bytes");
}

TEST_P(ArtifactStoreConformance, RemovesForGood) {
  Artifact put = driver.put(*store, "a", "bytes");
  driver.remove(*store, "a");
  driver.remove(*store, "a");
  driver.remove(*store, "never there");
  EXPECT_EQ(driver.find(*store, "a"), std::nullopt);
  EXPECT_EQ(code_of([&] { driver.read(*store, put, 0, 5); }), ErrorCode::kNotFound);
  Artifact other = driver.put(*store, "a", "other");
  EXPECT_EQ(driver.read(*store, other, 0, 5), "other");
}

TEST_P(ArtifactStoreConformance, NeverReadsAnotherArtifactForOne) {
  Artifact put = driver.put(*store, "a", "bytes");
  driver.remove(*store, "a");
  driver.put(*store, "a", "other");
  ErrorCode code = code_of([&] { driver.read(*store, put, 0, 5); });
  EXPECT_TRUE(code == ErrorCode::kNotFound || code == ErrorCode::kBadResponse);
}

TEST_P(ArtifactStoreConformance, ListsKeysInOrder) {
  for (std::string key : {"x/1", "x/10", "x/2", "x/\u00fc", "xy"}) driver.put(*store, key, key);
  EXPECT_THAT(driver.list(*store, "x/"), ElementsAre("x/1", "x/10", "x/2", "x/\u00fc"));
  EXPECT_THAT(driver.list(*store, "x/", "x/10"), ElementsAre("x/2", "x/\u00fc"));
  EXPECT_THAT(driver.list(*store, ""), ElementsAre("x/1", "x/10", "x/2", "x/\u00fc", "xy"));
  EXPECT_THAT(driver.list(*store, "z"), IsEmpty());
  driver.remove(*store, "x/10");
  EXPECT_THAT(driver.list(*store, "x/1"), ElementsAre("x/1"));
}

TEST_P(ArtifactStoreConformance, RefusesUnsafeKeys) {
  for (std::string key : {std::string(), std::string("/a"), std::string("a/"), std::string("../a"),
                          std::string("a/../b"), std::string("a\\b"), std::string("a\nb"),
                          std::string("a\0b", 3), std::string("a//b"), std::string(901, 'k')}) {
    EXPECT_EQ(code_of([&] { driver.put(*store, key, "bytes"); }), ErrorCode::kUnsafe) << key;
    EXPECT_EQ(code_of([&] { driver.find(*store, key); }), ErrorCode::kUnsafe) << key;
    EXPECT_EQ(code_of([&] { driver.remove(*store, key); }), ErrorCode::kUnsafe) << key;
  }
}

TEST_P(ArtifactStoreConformance, TakesKeysOfAllKinds) {
  for (std::string key :
       {"a b+c&d=e%20f", "\u4e2d\u6587/\U0001f600.xml", "~'()!;@$,.-_/[#]", "a;b/c^d`e{f}"}) {
    Artifact put = driver.put(*store, key, "bytes of " + key);
    EXPECT_EQ(driver.find(*store, key), put) << key;
    EXPECT_EQ(driver.read(*store, put, 0, put.size), "bytes of " + key);
    EXPECT_THAT(driver.list(*store, key), ElementsAre(key));
    driver.remove(*store, key);
    EXPECT_EQ(driver.find(*store, key), std::nullopt) << key;
  }
}

TEST_P(ArtifactStoreConformance, SaysThatTheFileIsMissing) {
  auto put = [&] { testing::run_for(driver.loop, store->put("a", driver.files / "missing")); };
  EXPECT_EQ(code_of(put), ErrorCode::kNotFound);
  EXPECT_EQ(driver.find(*store, "a"), std::nullopt);
}

async::awaitable<void> put_and_read(ArtifactStore& store, std::filesystem::path folder,
                                    std::size_t number) {
  std::string key = "many/" + std::to_string(number);
  std::string bytes = noise(10'000, static_cast<std::uint32_t>(number));
  testing::write_text(folder / std::to_string(number), bytes);
  Artifact artifact = co_await store.put(key, folder / std::to_string(number));
  std::string read = co_await store.read(artifact, 0, bytes.size());
  EXPECT_TRUE(read == bytes);
  if (number % 2 == 0) co_await store.remove(key);
}

TEST_P(ArtifactStoreConformance, ServesManyAtOnce) {
  auto body = [this](std::size_t number) {
    return put_and_read(*store, driver.files.path(), number);
  };
  testing::run(driver.loop, async::for_each(40, 40, body));
  EXPECT_EQ(driver.list(*store, "many/").size(), 20U);
}

TEST_P(ArtifactStoreConformance, SendsArchivesAndPartsOfThem) {
  std::vector<Archive::Part> parts;
  std::vector<std::size_t> sizes = {0, 1, 70'000, 3'000'000, 5};
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    std::string name = std::to_string(i) + ".bin";
    std::string bytes = noise(sizes[i], static_cast<std::uint32_t>(i));
    parts.push_back({RelativePath(name), driver.put(*store, "archive/" + name, bytes), {}});
  }
  auto archive = std::make_shared<const Archive>(parts);
  std::uint64_t size = archive->plan().size();
  std::string whole;
  driver.send(*store, archive, {0, size}, whole);
  ASSERT_EQ(whole.size(), size);
  for (Span span : {Span{0, 0}, Span{0, 1}, Span{size - 1, 1}, Span{100, 1'500'000},
                    Span{2'000'000, size - 2'000'000}}) {
    std::string part;
    driver.send(*store, archive, span, part);
    EXPECT_TRUE(part == whole.substr(span.offset, span.length)) << span.offset;
  }
  driver.remove(*store, "archive/3.bin");
  std::string cut;
  EXPECT_EQ(code_of([&] { driver.send(*store, archive, {0, size}, cut); }), ErrorCode::kNotFound);
  EXPECT_LT(cut.size(), size);
}

}  // namespace
}  // namespace gantry::artifacts
