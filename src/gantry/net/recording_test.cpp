#include "gantry/net/recording.hpp"

#include <gtest/gtest.h>

#include "gantry/base/error.hpp"

#include "testing/io_loop.hpp"
#include "testing/scripted_transport.hpp"

namespace gantry::net {
namespace {

namespace fs = std::filesystem;

class RecordingTest : public ::testing::Test {
 protected:
  RecordingTest() {
    std::string name = (fs::temp_directory_path() / "gantry-recording-XXXXXX").string();
    folder_ = ::mkdtemp(name.data());
  }
  ~RecordingTest() override { fs::remove_all(folder_); }

  static HttpRequest request(std::string url) {
    HttpRequest wanted;
    wanted.url = std::move(url);
    wanted.credential = Credential{"X-Token", Secret("figd_very_secret"), "https://a.example"};
    return wanted;
  }

  boost::asio::io_context loop_;
  async::WorkerPool pool_{1};
  async::VirtualClock clock_;
  fs::path folder_;
};

TEST_F(RecordingTest, AReplayIsExactAndHoldsNoSecret) {
  testing::ScriptedTransport network(clock_);
  network.answers = {
      testing::ScriptedTransport::answer(200, std::string("\0{}\n", 4), {{"content-type", "x/y"}})};
  RecordingTransport recording(network, pool_, folder_);
  testing::run_for(loop_, recording.send(request("https://a.example/v1/x?ids=1:2&s=secret")));

  ReplayTransport replay(pool_, clock_, folder_);
  HttpResponse again =
      testing::run_for(loop_, replay.send(request("https://a.example/v1/x?ids=1:2&s=secret")));
  EXPECT_EQ(again.status, 200);
  EXPECT_EQ(again.body.view(), std::string_view("\0{}\n", 4));
  EXPECT_EQ(find_header(again.headers, "Content-Type"), "x/y");
  for (const auto& file : fs::directory_iterator(folder_)) {
    EXPECT_EQ(read_file(file.path()).find("secret"), std::string::npos) << file.path();
  }
}

TEST_F(RecordingTest, WhatWasNotRecordedIsNamed) {
  ReplayTransport replay(pool_, clock_, folder_);
  try {
    testing::run_for(loop_, replay.send(request("https://a.example/v1/other")));
    FAIL() << "must throw";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kNotFound);
    EXPECT_NE(error.message().find("https://a.example/v1/other"), std::string::npos);
  }
  EXPECT_THROW(ReplayTransport(pool_, clock_, folder_ / "none"), Error);
}

}  // namespace
}  // namespace gantry::net
