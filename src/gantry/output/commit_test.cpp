#include "gantry/output/commit.hpp"

#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "gantry/base/error.hpp"
#include "gantry/output/test_folder.hpp"

namespace gantry::output {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using Files = std::map<std::string, std::string>;

// One job that exports to `out`, with its lock file beside it.
class CommitTest : public testing::Test {
 protected:
  CommitOptions options(const std::string& job = "job") {
    return {.job = job, .roots = {folder / "out"}, .lock_file = folder / "gantry.lock"};
  }
  void stage(Commit& commit, const Files& files) {
    for (const auto& [path, text] : files) {
      commit.stage(folder / "out", RelativePath(path), Blob::from_bytes(text), "KEY/" + path);
    }
  }
  ChangeSet publish(const Files& files, CommitOptions with) {
    Commit commit(std::move(with));
    stage(commit, files);
    return commit.publish();
  }
  ChangeSet publish(const Files& files) { return publish(files, options()); }
  ChangeSet dry_run(const Files& files) {
    CommitOptions with = options();
    with.mode = Mode::kDryRun;
    Commit commit(with);
    stage(commit, files);
    return commit.plan();
  }
  std::string shown(const std::string& path) { return (folder / "out" / path).string(); }
  // What is in the folder but for the lock file.
  Files output() {
    Files files = folder.contents();
    files.erase("gantry.lock");
    return files;
  }
  Error failure(const std::string& path) {
    Commit commit(options());
    try {
      commit.stage(folder / "out", RelativePath(path), Blob::from_bytes("new"));
    } catch (const Error& error) {
      return error;
    }
    ADD_FAILURE() << "staged " << path;
    return Error(ErrorCode::kInternal, "");
  }

  TestFolder folder;
};

TEST_F(CommitTest, PublishesIntoANewFolderAndLeavesNothingElse) {
  ChangeSet changes = publish({{"a.svg", "A"}, {"deep/er/b.svg", "B"}, {"empty", ""}});
  EXPECT_THAT(changes.added, ElementsAre(shown("a.svg"), shown("deep/er/b.svg"), shown("empty")));
  EXPECT_EQ(output(), (Files{{"out", "/"},
                             {"out/a.svg", "A"},
                             {"out/deep", "/"},
                             {"out/deep/er", "/"},
                             {"out/deep/er/b.svg", "B"},
                             {"out/empty", ""}}));
  EXPECT_THAT(folder.read("gantry.lock"), HasSubstr("\"root\": \"out\""));
  EXPECT_THAT(folder.read("gantry.lock"),
              HasSubstr("{\"path\": \"a.svg\", \"size\": 1, \"sha256\": \"" + sha256("A").hex() +
                        "\", \"source\": \"KEY/a.svg\"}"));
  struct stat status {};
  ASSERT_EQ(::stat((folder / "out/a.svg").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0644U, 0644U);
}

TEST_F(CommitTest, ChangesNothingWithoutPublish) {
  folder.write("out/a.svg", "old");
  Files before = folder.contents();
  {
    Commit commit(options());
    stage(commit, {{"a.svg", "new"}, {"b.svg", "B"}});
    ChangeSet changes = commit.plan();
    EXPECT_THAT(changes.added, ElementsAre(shown("b.svg")));
    EXPECT_THAT(changes.changed, ElementsAre(shown("a.svg")));
    EXPECT_EQ(folder.read("out/a.svg"), "old");
  }
  EXPECT_EQ(folder.contents(), before);
}

TEST_F(CommitTest, LeavesNoFoldersBehindWithoutPublish) {
  CommitOptions with = options();
  with.roots = {folder / "x/y/out"};
  {
    Commit commit(with);
    commit.stage(folder / "x/y/out", RelativePath("a"), Blob::from_bytes("A"));
    EXPECT_FALSE(fs::exists(folder / "x/y/out"));
  }
  EXPECT_THAT(folder.contents(), IsEmpty());
}

TEST_F(CommitTest, WritesNothingWhenNothingChanges) {
  publish({{"a.svg", "A"}, {"b.svg", "B"}});
  auto times = [&] {
    std::vector<fs::file_time_type> all;
    for (const char* path : {"out/a.svg", "out/b.svg", "out", "gantry.lock"}) {
      all.push_back(fs::last_write_time(folder / path));
    }
    return all;
  };
  auto before = times();
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  ChangeSet changes = publish({{"a.svg", "A"}, {"b.svg", "B"}});
  EXPECT_TRUE(changes.up_to_date());
  EXPECT_THAT(changes.unchanged, SizeIs(2));
  EXPECT_EQ(times(), before);
}

TEST_F(CommitTest, TouchesOnlyTheFilesThatDiffer) {
  publish({{"a.svg", "A"}, {"b.svg", "B"}});
  auto before = fs::last_write_time(folder / "out/a.svg");
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  ChangeSet changes = publish({{"a.svg", "A"}, {"b.svg", "C"}, {"c.svg", "longer"}});
  EXPECT_THAT(changes.unchanged, ElementsAre(shown("a.svg")));
  EXPECT_THAT(changes.changed, ElementsAre(shown("b.svg")));
  EXPECT_THAT(changes.added, ElementsAre(shown("c.svg")));
  EXPECT_EQ(fs::last_write_time(folder / "out/a.svg"), before);
  EXPECT_EQ(folder.read("out/b.svg"), "C");
}

TEST_F(CommitTest, ComparesLargeBodiesByHash) {
  std::string large(300'000, 'x');
  auto body = [&](const std::string& text) {
    auto file = TemporaryFile::create(folder.path(), "body-");
    file->append(text);
    return Blob::from_file(file, text.size(), sha256(text));
  };
  auto run = [&](const std::string& text) {
    Commit commit(options());
    commit.stage(folder / "out", RelativePath("big.png"), body(text));
    return commit.publish();
  };
  EXPECT_THAT(run(large).added, SizeIs(1));
  EXPECT_THAT(run(large).unchanged, SizeIs(1));
  large[200'000] = 'y';
  EXPECT_THAT(run(large).changed, SizeIs(1));
  EXPECT_EQ(folder.read("out/big.png"), large);
}

TEST_F(CommitTest, RefusesABodyWhoseFileWasCutShort) {
  auto file = TemporaryFile::create(folder.path(), "body-");
  file->append("half");
  Commit commit(options());
  EXPECT_THROW(
      commit.stage(folder / "out", RelativePath("a"), Blob::from_file(file, 8, sha256("halfhalf"))),
      Error);
  EXPECT_THAT(commit.publish().added, IsEmpty());
}

TEST_F(CommitTest, RemovesWhatIsNoLongerExportedWithTheFoldersThatBecomeEmpty) {
  publish({{"a.svg", "A"}, {"x/y/b.svg", "B"}, {"z/c.svg", "C"}});
  folder.write("out/z/mine.txt", "not exported");
  ChangeSet changes = publish({{"a.svg", "A"}});
  EXPECT_THAT(changes.removed, ElementsAre(shown("x/y/b.svg"), shown("z/c.svg")));
  EXPECT_EQ(
      output(),
      (Files{
          {"out", "/"}, {"out/a.svg", "A"}, {"out/z", "/"}, {"out/z/mine.txt", "not exported"}}));
  EXPECT_THAT(folder.read("gantry.lock"), Not(HasSubstr("b.svg")));
}

TEST_F(CommitTest, KeepsFilesThatSomebodyHasChanged) {
  publish({{"a.svg", "A"}, {"b.svg", "B"}});
  folder.write("out/b.svg", "edited");
  ChangeSet changes = publish({{"a.svg", "A"}});
  EXPECT_THAT(changes.removed, IsEmpty());
  EXPECT_THAT(changes.kept, ElementsAre(ChangeSet::Kept{
                                shown("b.svg"), "its bytes were changed after the export"}));
  EXPECT_EQ(folder.read("out/b.svg"), "edited");
  EXPECT_THAT(publish({{"a.svg", "A"}}).kept, IsEmpty()) << "now the file is the user's";
}

TEST_F(CommitTest, RemovesNothingThatAnotherJobLists) {
  publish({{"a.svg", "A"}, {"shared.svg", "S"}});
  publish({{"shared.svg", "S"}}, options("other"));
  EXPECT_THAT(publish({{"a.svg", "A"}}).removed, IsEmpty());
  EXPECT_EQ(folder.read("out/shared.svg"), "S");
  EXPECT_THAT(publish({}, options("other")).removed, ElementsAre(shown("shared.svg")));
}

TEST_F(CommitTest, KnowsAFileOfAnotherJobByAnotherRoot) {
  publish({{"icons/a.svg", "A"}});
  CommitOptions nested = options("nested");
  nested.roots = {folder / "out/icons"};
  {
    Commit commit(nested);
    commit.stage(folder / "out/icons", RelativePath("a.svg"), Blob::from_bytes("A"));
    commit.publish();
  }
  EXPECT_THAT(publish({}).removed, IsEmpty());
  EXPECT_EQ(folder.read("out/icons/a.svg"), "A");
}

TEST_F(CommitTest, KeepsTheEntriesOfOtherJobs) {
  publish({{"a.svg", "A"}}, options("one"));
  publish({{"b.svg", "B"}}, options("two"));
  publish({{"c.svg", "C"}}, options("one"));
  std::string lock = folder.read("gantry.lock");
  EXPECT_THAT(lock, HasSubstr("b.svg"));
  EXPECT_THAT(lock, HasSubstr("c.svg"));
  EXPECT_THAT(lock, Not(HasSubstr("a.svg")));
}

TEST_F(CommitTest, PartialRunsRemoveNothingAndForgetNothing) {
  publish({{"a.svg", "A"}, {"b.svg", "B"}});
  CommitOptions partial = options();
  partial.prune = false;
  EXPECT_THAT(publish({{"a.svg", "A2"}}, partial).removed, IsEmpty());
  EXPECT_EQ(folder.read("out/b.svg"), "B");
  EXPECT_THAT(publish({{"a.svg", "A2"}}).removed, ElementsAre(shown("b.svg")));
}

TEST_F(CommitTest, WithoutALockFileNothingIsRemoved) {
  CommitOptions free = options();
  free.lock_file.clear();
  publish({{"a.svg", "A"}}, free);
  EXPECT_THAT(publish({{"b.svg", "B"}}, free).removed, IsEmpty());
  EXPECT_EQ(folder.contents(), (Files{{"out", "/"}, {"out/a.svg", "A"}, {"out/b.svg", "B"}}));
}

TEST_F(CommitTest, SaysWhenAJobHasLeftItsFolder) {
  publish({{"a.svg", "A"}});
  CommitOptions moved = options();
  moved.roots = {folder / "elsewhere"};
  Commit commit(moved);
  commit.stage(folder / "elsewhere", RelativePath("a.svg"), Blob::from_bytes("A"));
  ChangeSet changes = commit.publish();
  ASSERT_THAT(changes.kept, SizeIs(1));
  EXPECT_EQ(changes.kept[0].path, "out");
  EXPECT_EQ(folder.read("out/a.svg"), "A");
}

TEST_F(CommitTest, DryRunTellsThePlanAndWritesNothing) {
  EXPECT_THAT(dry_run({{"a.svg", "A"}}).added, ElementsAre(shown("a.svg")));
  EXPECT_THAT(folder.contents(), IsEmpty());
  publish({{"a.svg", "A"}, {"b.svg", "B"}, {"c.svg", "C"}});
  Files before = folder.contents();
  ChangeSet changes = dry_run({{"a.svg", "A"}, {"b.svg", "B2"}, {"d.svg", "D"}});
  EXPECT_THAT(changes.unchanged, ElementsAre(shown("a.svg")));
  EXPECT_THAT(changes.changed, ElementsAre(shown("b.svg")));
  EXPECT_THAT(changes.removed, ElementsAre(shown("c.svg")));
  EXPECT_THAT(changes.added, ElementsAre(shown("d.svg")));
  EXPECT_FALSE(changes.up_to_date());
  EXPECT_EQ(folder.contents(), before);
}

TEST_F(CommitTest, WritesALostLockFileAnew) {
  publish({{"a.svg", "A"}});
  std::string lock = folder.read("gantry.lock");
  fs::remove(folder / "gantry.lock");
  EXPECT_TRUE(publish({{"a.svg", "A"}}).up_to_date());
  EXPECT_EQ(folder.read("gantry.lock"), lock);
}

TEST_F(CommitTest, BadLockFileStopsTheRunBeforeAnyChange) {
  publish({{"a.svg", "A"}});
  folder.write("gantry.lock", "{\n<<<<<<< HEAD\n");
  try {
    publish({{"a.svg", "B"}});
    FAIL();
  } catch (const Error& error) {
    EXPECT_THAT(error.message(), HasSubstr("gantry.lock:2: "));
  }
  EXPECT_EQ(folder.read("out/a.svg"), "A");
}

TEST_F(CommitTest, FollowsNoSymbolicLinkBelowTheRoot) {
  folder.write("victim/a.svg", "victim");
  fs::create_directories(folder / "out/real");
  fs::create_symlink(folder / "victim", folder / "out/link");
  fs::create_symlink("../victim/a.svg", folder / "out/a.svg");
  fs::create_symlink("nowhere", folder / "out/dangling");
  for (const char* path : {"link/a.svg", "link/deep/new.svg", "a.svg", "dangling"}) {
    Error error = failure(path);
    EXPECT_EQ(error.code(), ErrorCode::kUnsafe) << path;
    EXPECT_THAT(error.message(), HasSubstr("is a symbolic link")) << path;
  }
  EXPECT_EQ(folder.read("victim/a.svg"), "victim");
  EXPECT_FALSE(fs::exists(folder / "victim/deep"));
}

TEST_F(CommitTest, LinkPlantedAfterStagingIsReplacedNotFollowed) {
  folder.write("victim/a.svg", "victim");
  fs::create_directory(folder / "out");
  Commit commit(options());
  stage(commit, {{"a.svg", "new"}, {"sub/b.svg", "new"}});
  fs::create_symlink("../victim/a.svg", folder / "out/a.svg");
  fs::create_symlink("../victim", folder / "out/sub");
  EXPECT_THROW(commit.publish(), Error);
  EXPECT_EQ(folder.read("victim/a.svg"), "victim");
  EXPECT_FALSE(fs::exists(folder / "victim/b.svg"));
  EXPECT_FALSE(fs::is_symlink(folder / "out/a.svg"));
}

TEST_F(CommitTest, RemovesNothingThroughALink) {
  publish({{"sub/a.svg", "A"}, {"b.svg", "B"}});
  fs::rename(folder / "out/sub", folder / "moved");
  fs::create_symlink("../moved", folder / "out/sub");
  fs::rename(folder / "out/b.svg", folder / "b.svg");
  fs::create_symlink("../b.svg", folder / "out/b.svg");
  ChangeSet changes = publish({});
  EXPECT_THAT(changes.removed, IsEmpty());
  EXPECT_THAT(changes.kept, SizeIs(2));
  EXPECT_EQ(folder.read("moved/a.svg"), "A");
  EXPECT_EQ(folder.read("b.svg"), "B");
}

TEST_F(CommitTest, RootItselfMayBeALink) {
  fs::create_directory(folder / "real");
  fs::create_symlink("real", folder / "out");
  publish({{"a.svg", "A"}});
  EXPECT_EQ(folder.read("real/a.svg"), "A");
  EXPECT_THAT(folder.contents(), SizeIs(4)) << "real, real/a.svg, out and gantry.lock";
}

TEST_F(CommitTest, RefusesFoldersAndSpecialFilesAsTargets) {
  fs::create_directories(folder / "out/dir.svg");
  folder.write("out/file", "F");
  ASSERT_EQ(::mkfifo((folder / "out/pipe.svg").c_str(), 0600), 0);
  struct {
    const char* path;
    const char* message;
  } cases[] = {{"dir.svg", "is a folder"},
               {"pipe.svg", "is a special file"},
               {"file/a.svg", "a file stands where the folder"}};
  for (const auto& [path, message] : cases) {
    Error error = failure(path);
    EXPECT_EQ(error.code(), ErrorCode::kConflict) << path;
    EXPECT_THAT(error.message(), HasSubstr(message)) << path;
  }
}

TEST_F(CommitTest, RefusesAFileThatIsAlsoAFolder) {
  Commit commit(options());
  stage(commit, {{"a", "A"}, {"a/b/c", "C"}});
  EXPECT_THROW(commit.plan(), Error);
  EXPECT_THROW(stage(commit, {{"a", "again"}}), Error);
}

TEST_F(CommitTest, RootMayNotBeAFile) {
  folder.write("out", "a file");
  EXPECT_EQ(failure("a.svg").code(), ErrorCode::kConflict);
  EXPECT_EQ(folder.read("out"), "a file");
}

TEST_F(CommitTest, OneBadFileDoesNotStopTheOthers) {
  fs::create_directories(folder / "out/dir.svg");
  Commit commit(options());
  EXPECT_THROW(stage(commit, {{"dir.svg", "D"}}), Error);
  stage(commit, {{"a.svg", "A"}});
  EXPECT_THAT(commit.publish().added, ElementsAre(shown("a.svg")));
}

TEST_F(CommitTest, StagesFromSeveralThreads) {
  Commit commit(options());
  std::vector<std::jthread> threads;
  threads.reserve(4);
  for (int thread = 0; thread < 4; ++thread) {
    threads.emplace_back([&, thread] {
      for (int i = 0; i < 100; ++i) {
        std::string name = std::to_string(i) + "-" + std::to_string(thread);
        stage(commit, {{std::to_string(i % 7) + "/" + name, name}});
      }
    });
  }
  threads.clear();
  EXPECT_THAT(commit.publish().added, SizeIs(400));
  EXPECT_EQ(folder.read("out/3/10-2"), "10-2");
}

TEST_F(CommitTest, WorksInMoreFoldersThanDescriptors) {
  Files files;
  for (int i = 0; i < 1'200; ++i) files["i" + std::to_string(i) + ".imageset/a.svg"] = "A";
  EXPECT_THAT(publish(files).added, SizeIs(1'200));
  EXPECT_THAT(publish(files).unchanged, SizeIs(1'200));
}

TEST_F(CommitTest, JobsOfOneProcessShareARoot) {
  auto locks = std::make_shared<RootLocks>();
  publish({{"moves.svg", "M"}}, options("one"));
  CommitOptions first = options("one");
  CommitOptions second = options("two");
  first.locks = second.locks = locks;
  first.on_wait = second.on_wait = [](const fs::path&) { FAIL() << "waited for itself"; };
  Commit one(first);
  Commit two(second);
  stage(one, {{"1.svg", "1"}});
  stage(two, {{"2.svg", "2"}, {"moves.svg", "M"}});
  EXPECT_THAT(one.publish().removed, IsEmpty()) << "the other job has come to want it";
  two.publish();
  EXPECT_EQ(folder.read("out/moves.svg"), "M");
  EXPECT_THAT(folder.read("gantry.lock"), HasSubstr("\"job\": \"two\""));
}

TEST_F(CommitTest, SeveralRootsAreOneCommit) {
  CommitOptions with = options();
  with.roots = {folder / "swift", folder / "assets", folder / "swift/generated"};
  Commit commit(with);
  for (const fs::path& root : with.roots) {
    commit.stage(root, RelativePath("a"), Blob::from_bytes(root.filename().string()));
  }
  EXPECT_THROW(commit.stage(folder / "other", RelativePath("a"), Blob()), Error);
  EXPECT_THAT(commit.publish().added, SizeIs(3));
  EXPECT_EQ(folder.read("swift/generated/a"), "generated");
  EXPECT_EQ(folder.read("assets/a"), "assets");
}

}  // namespace
}  // namespace gantry::output
