// gantry remote, against gantry serve.
#include <filesystem>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/service/server.hpp"

namespace gantry::testing {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;

class Remote : public ::testing::Test {
 protected:
  ProcessResult remote(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), "remote");
    return server_.workspace().gantry(std::move(arguments), {{"GANTRY_SERVER", server_.url()}});
  }
  // The name of a batch of so many exports that has ended.
  std::string ended_batch(int count) const {
    std::string batch = server_.submit(1, count);
    server_.wait_for(batch);
    return batch;
  }
  fs::path file(const std::string& name) const { return server_.workspace() / name; }

  Server server_;
};

TEST_F(Remote, SubmitsFromAFileAndWatchesToTheEnd) {
  write_text(file("pis.txt"), pi_of(1) + "\n" + pi_of(2) + "\n");
  const ProcessResult result = remote({"submit", pi_of(3), "--from", "pis.txt", "--watch"});
  EXPECT_TRUE(exits(0, result));
  EXPECT_THAT(result.out, MatchesRegex("batch_[0-9]+_[0-9a-f]+\n3 of 3 done, 0 failed, 0 to go\n"));
}

TEST_F(Remote, NamesWhatHasFailed) {
  const std::string unknown = "01K9Z3K4GMDWTT0VQXYSPC9W6S";
  const ProcessResult result = remote({"submit", unknown, pi_of(1), "--watch"});
  EXPECT_TRUE(exits(1, result));
  EXPECT_THAT(result.err, HasSubstr(unknown));
  EXPECT_THAT(result.out, HasSubstr("1 of 2 done, 1 failed"));
}

TEST_F(Remote, SaysWhatTheServerSays) {
  const ProcessResult wrong = remote({"submit", "nonsense"});
  EXPECT_TRUE(exits(1, wrong));
  EXPECT_THAT(wrong.err, HasSubstr("/pis/0 is not a PI"));
  EXPECT_THAT(remote({"status", "batch_1_00000000"}).err, HasSubstr("there is no such batch"));
  EXPECT_TRUE(exits(2, remote({"submit"})));
}

TEST_F(Remote, DownloadsAndGoesOnWhereItWasBrokenOff) {
  const std::string batch = ended_batch(20);
  EXPECT_TRUE(exits(0, remote({"download", batch, "-o", "all.zip"})));
  const std::string whole = read_text(file("all.zip"));
  EXPECT_EQ(server_.get("/download/batch/" + batch).body, whole);
  EXPECT_FALSE(fs::exists(file("all.zip.part")));
  // What a broken download leaves: a part, and of what it is one.
  const std::string etag = server_.get("/download/batch/" + batch).headers.at("etag");
  write_text(file("all.zip.part"), whole.substr(0, 5000));
  write_text(file("all.zip.part.etag"), etag);
  EXPECT_TRUE(exits(0, remote({"download", batch, "-o", "all.zip"})));
  EXPECT_EQ(read_text(file("all.zip")), whole);
  // A part of something else is begun anew.
  write_text(file("all.zip.part"), std::string(whole.size() + 10, 'x'));
  write_text(file("all.zip.part.etag"), "\"another\"");
  EXPECT_TRUE(exits(0, remote({"download", batch, "-o", "all.zip"})));
  EXPECT_EQ(read_text(file("all.zip")), whole);
}

TEST_F(Remote, CancelsAndRetries) {
  const std::string batch = server_.submit(1, 3);
  server_.wait_for(batch);
  EXPECT_THAT(remote({"cancel", batch}).out, HasSubstr("3 of 3 done"));
  EXPECT_THAT(remote({"retry", batch}).out, HasSubstr("0 tasks begin anew"));
  EXPECT_THAT(remote({"status", batch}).out, HasSubstr("completed: 3 of 3 done"));
}

}  // namespace
}  // namespace gantry::testing
