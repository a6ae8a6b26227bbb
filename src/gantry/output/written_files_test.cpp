#include "gantry/output/written_files.hpp"

#include <chrono>

#include <gtest/gtest.h>

#include "testing/files.hpp"

namespace gantry::output {
namespace {

namespace fs = std::filesystem;

class WrittenFiles : public ::testing::Test {
 protected:
  void SetUp() override {
    write("out/a.svg", "one");
    write("out/b.svg", "two");
  }

  void write(const std::string& path, const std::string& bytes) {
    fs::create_directories((folder_ / path).parent_path());
    testing::write_text(folder_ / path, bytes);
  }
  void list(const std::string& name, const std::string& bytes) {
    lock_.outputs[{"web.yaml#icons", "out"}].insert(
        {RelativePath(name), bytes.size(), sha256(bytes), ""});
  }
  std::optional<Digest> stamp(const std::string& job = "web.yaml#icons") const {
    return stamp_of(lock_, job, folder_.path());
  }
  bool intact() const { return are_intact(lock_, "web.yaml#icons", folder_.path()); }

  testing::TemporaryFolder folder_;
  LockFile lock_;
};

TEST_F(WrittenFiles, AreTheSameWhileNobodyTouchesThem) {
  list("a.svg", "one");
  list("b.svg", "two");
  EXPECT_TRUE(stamp().has_value());
  EXPECT_EQ(stamp(), stamp());
  EXPECT_TRUE(intact());
}

TEST_F(WrittenFiles, AnotherTimeIsAnotherStampAndTheSameBytes) {
  list("a.svg", "one");
  auto before = stamp();
  fs::last_write_time(folder_ / "out/a.svg",
                      fs::file_time_type::clock::now() + std::chrono::hours(1));
  EXPECT_NE(stamp(), before);
  EXPECT_TRUE(intact());
}

TEST_F(WrittenFiles, OtherBytesOfTheSameSizeAreFound) {
  list("a.svg", "one");
  auto before = stamp();
  write("out/a.svg", "eno");
  EXPECT_NE(stamp(), before);
  EXPECT_FALSE(intact());
}

TEST_F(WrittenFiles, AMissingFileAnotherSizeAndALinkAreFound) {
  list("a.svg", "one");
  list("b.svg", "two");
  write("out/b.svg", "longer");
  EXPECT_FALSE(stamp().has_value());
  fs::remove(folder_ / "out/b.svg");
  EXPECT_FALSE(stamp().has_value());
  EXPECT_FALSE(intact());
  write("elsewhere", "two");
  fs::create_symlink(folder_ / "elsewhere", folder_ / "out/b.svg");
  EXPECT_FALSE(stamp().has_value());
  EXPECT_FALSE(intact());
}

TEST_F(WrittenFiles, AJobWithoutFilesHasNone) {
  list("a.svg", "one");
  EXPECT_FALSE(stamp("other.yaml#icons").has_value());
  EXPECT_FALSE(are_intact(lock_, "other.yaml#icons", folder_.path()));
}

}  // namespace
}  // namespace gantry::output
