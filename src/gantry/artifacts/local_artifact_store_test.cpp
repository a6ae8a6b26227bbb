#include "gantry/artifacts/local_artifact_store.hpp"

#include <fstream>

#include <SQLiteCpp/Database.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gantry/artifacts/artifact_driver.hpp"
#include "gantry/base/error.hpp"
#include "gantry/base/files.hpp"

namespace gantry::artifacts {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class LocalArtifactStoreTest : public ::testing::Test {
 protected:
  LocalArtifactStore open() { return LocalArtifactStore(folder_.path(), driver_.pool); }

  fs::path object(const Artifact& artifact) const {
    std::string hex = artifact.sha256.hex();
    return folder_ / "objects" / hex.substr(0, 2) / hex;
  }
  std::vector<std::string> files_in(const std::string& name) const {
    std::vector<std::string> files;
    for (const auto& [path, bytes] : testing::tree_of(folder_ / name)) {
      if (!path.ends_with('/')) files.push_back(path);
    }
    return files;
  }
  std::string message_of_reading(LocalArtifactStore& store, const Artifact& artifact) {
    try {
      driver_.read(store, artifact, 0, artifact.size);
      return "it was read";
    } catch (const Error& error) {
      return std::string(to_string(error.code())) + ": " + error.message();
    }
  }

  testing::TemporaryFolder folder_;
  ArtifactDriver driver_;
};

TEST_F(LocalArtifactStoreTest, FindsEverythingWhenItIsOpenedAgain) {
  Artifact put;
  {
    LocalArtifactStore store = open();
    put = driver_.put(store, "a/b", "bytes");
  }
  LocalArtifactStore store = open();
  EXPECT_EQ(driver_.find(store, "a/b"), put);
  EXPECT_EQ(driver_.read(store, put, 0, 5), "bytes");
}

TEST_F(LocalArtifactStoreTest, KeepsEqualBytesOnceUntilTheLastKeyGoes) {
  LocalArtifactStore store = open();
  driver_.put(store, "a", "bytes");
  driver_.put(store, "b", "bytes");
  EXPECT_THAT(files_in("objects"), SizeIs(1));
  driver_.remove(store, "a");
  EXPECT_THAT(files_in("objects"), SizeIs(1));
  driver_.remove(store, "b");
  EXPECT_THAT(files_in("objects"), IsEmpty());
}

TEST_F(LocalArtifactStoreTest, LeavesNothingOfWhatItRefuses) {
  LocalArtifactStore store = open();
  driver_.put(store, "a", "bytes");
  EXPECT_THROW(driver_.put(store, "a", "other"), Error);
  EXPECT_THAT(files_in("objects"), SizeIs(1));
  EXPECT_THAT(files_in("incoming"), IsEmpty());
}

TEST_F(LocalArtifactStoreTest, SaysThatBytesAreGoneOrHaveAnotherSize) {
  LocalArtifactStore store = open();
  Artifact put = driver_.put(store, "a", "bytes");
  testing::write_text(object(put), "byte");
  EXPECT_EQ(message_of_reading(store, put),
            "bad_response: the artifact 'a' has changed in its store: it has 4 bytes and had 5");
  fs::remove(object(put));
  EXPECT_THAT(message_of_reading(store, put), HasSubstr("not_found: the artifact 'a' is gone"));
  fs::create_symlink(driver_.files / "source", object(put));
  EXPECT_THAT(message_of_reading(store, put), HasSubstr("the artifact 'a' is gone"));
}

TEST_F(LocalArtifactStoreTest, MendsDamagedBytesThatArePutAgain) {
  LocalArtifactStore store = open();
  Artifact put = driver_.put(store, "a", "bytes");
  testing::write_text(object(put), "BYTES");
  driver_.put(store, "a", "bytes");
  EXPECT_EQ(driver_.read(store, put, 0, 5), "bytes");
}

TEST_F(LocalArtifactStoreTest, RemovesWhatAKilledProcessHasLeft) {
  { LocalArtifactStore store = open(); }
  testing::write_text(folder_ / "incoming/put-abandoned", "half a fi");
  testing::write_text(folder_ / "incoming/put-under-way", "half a fi");
  FileLock lock = FileLock::acquire(folder_ / "incoming/put-under-way");
  LocalArtifactStore store = open();
  EXPECT_THAT(files_in("incoming"), ::testing::ElementsAre("put-under-way"));
}

TEST_F(LocalArtifactStoreTest, IsSharedBySeveralOwners) {
  LocalArtifactStore first = open();
  LocalArtifactStore second = open();
  Artifact put = driver_.put(first, "a", "bytes");
  EXPECT_EQ(driver_.find(second, "a"), put);
  EXPECT_THROW(driver_.put(second, "a", "other"), Error);
  driver_.remove(second, "a");
  EXPECT_EQ(driver_.find(first, "a"), std::nullopt);
}

TEST_F(LocalArtifactStoreTest, ListsSoManyKeysAtATime) {
  LocalArtifactStore store = open();
  driver_.put(store, "k0000", "bytes");
  {
    // As 1,200 puts would leave it, without bringing each of them to the disk.
    SQLite::Database index((folder_ / "artifacts.sqlite").string(), SQLite::OPEN_READWRITE);
    index.exec(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1200) "
        "INSERT INTO artifacts SELECT printf('k%04d', i), size, crc32, sha256 FROM artifacts, n "
        "WHERE key = 'k0000'");
  }
  auto keys = driver_.list(store, "k");
  ASSERT_THAT(keys, SizeIs(ArtifactStore::kMostListed));
  EXPECT_EQ(keys.back(), "k0999");
  EXPECT_THAT(driver_.list(store, "k", keys.back()), SizeIs(201));
}

TEST_F(LocalArtifactStoreTest, RefusesAnIndexOfAnotherVersionOrNone) {
  { LocalArtifactStore store = open(); }
  {
    SQLite::Database index((folder_ / "artifacts.sqlite").string(), SQLite::OPEN_READWRITE);
    index.exec("PRAGMA user_version=7");
  }
  auto opening = [this] {
    try {
      LocalArtifactStore store = open();
      return std::string("opened");
    } catch (const Error& error) {
      return error.message();
    }
  };
  EXPECT_THAT(opening(), HasSubstr("is of version 7 and this program reads 1"));
  fs::remove_all(folder_ / "artifacts.sqlite");
  testing::write_text(folder_ / "artifacts.sqlite", std::string(4'096, 'x'));
  EXPECT_THAT(opening(), HasSubstr("file is not a database"));
}

TEST_F(LocalArtifactStoreTest, SaysThatItsFolderCannotBe) {
  testing::write_text(folder_ / "file", "");
  try {
    LocalArtifactStore store(folder_ / "file", driver_.pool);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kIo);
    EXPECT_THAT(error.message(), HasSubstr("file/incoming"));
  }
}

}  // namespace
}  // namespace gantry::artifacts
