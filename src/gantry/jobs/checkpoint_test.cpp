#include "gantry/jobs/checkpoint.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "testing/files.hpp"

namespace gantry::jobs {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

class CheckpointTest : public ::testing::Test {
 protected:
  Checkpoint open(bool resume, std::vector<std::string> requested = {"b", "a"}) {
    return Checkpoint(path_, std::move(requested), resume, now_);
  }

  testing::TemporaryFolder folder_;
  std::filesystem::path path_ = folder_ / "checkpoint.json";
  async::WallTime now_{std::chrono::hours(500'000)};
  Digest bytes_ = sha256("configuration");
};

TEST_F(CheckpointTest, ResumesWhereTheLastRunHasEnded) {
  open(false).finished("a.yaml", bytes_);
  now_ += std::chrono::hours(23);
  Checkpoint resumed = open(true, {"a", "b"});
  EXPECT_THAT(resumed.warning(), IsEmpty());
  EXPECT_TRUE(resumed.is_finished("a.yaml", bytes_));
  EXPECT_FALSE(resumed.is_finished("b.yaml", bytes_));
}

TEST_F(CheckpointTest, AnEditedConfigurationRunsAgain) {
  open(false).finished("a.yaml", bytes_);
  EXPECT_FALSE(open(true).is_finished("a.yaml", sha256("edited")));
}

TEST_F(CheckpointTest, CountsForADayFromTheFirstRun) {
  open(false).finished("a.yaml", bytes_);
  now_ += std::chrono::hours(20);
  open(true).finished("b.yaml", bytes_);
  now_ += std::chrono::hours(5);
  Checkpoint late = open(true);
  EXPECT_THAT(late.warning(), HasSubstr("more than a day old"));
  EXPECT_FALSE(late.is_finished("b.yaml", bytes_));
}

TEST_F(CheckpointTest, IsForOneRequestOnly) {
  open(false).finished("a.yaml", bytes_);
  Checkpoint other = open(true, {"a"});
  EXPECT_THAT(other.warning(), HasSubstr("other configurations"));
  EXPECT_FALSE(other.is_finished("a.yaml", bytes_));
}

TEST_F(CheckpointTest, WithoutResumeEverythingBeginsAnew) {
  open(false).finished("a.yaml", bytes_);
  Checkpoint fresh = open(false);
  EXPECT_FALSE(fresh.is_finished("a.yaml", bytes_));
  fresh.save();
  EXPECT_FALSE(open(true).is_finished("a.yaml", bytes_));
}

TEST_F(CheckpointTest, ADamagedFileIsSaidAndNotUsed) {
  for (const char* text :
       {"", "{", "[]", "{}", R"({"schemaVersion":9})",
        R"({"schemaVersion":1,"started":0,"requested":[1],"finished":{}})",
        R"({"schemaVersion":1,"started":0,"requested":[],"finished":{"a":"x"}})"}) {
    testing::write_text(path_, text);
    EXPECT_THAT(open(true).warning(), HasSubstr(path_.string())) << text;
  }
}

TEST_F(CheckpointTest, AMissingFileIsNoReasonToWarn) {
  EXPECT_THAT(open(true).warning(), IsEmpty());
  Checkpoint checkpoint = open(false);
  checkpoint.save();
  checkpoint.remove();
  EXPECT_FALSE(std::filesystem::exists(path_));
}

}  // namespace
}  // namespace gantry::jobs
