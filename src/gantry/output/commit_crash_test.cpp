// What must be true when a commit is cut off: by SIGKILL, by a full disk, by another run.
#include <chrono>
#include <optional>
#include <random>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "gantry/base/error.hpp"
#include "gantry/output/commit.hpp"
#include "gantry/output/test_folder.hpp"

namespace gantry::output {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

constexpr int kFiles = 300;

CommitOptions options(const TestFolder& folder, const std::string& job = "job") {
  return {.job = job, .roots = {folder / "out"}, .lock_file = folder / "gantry.lock"};
}

std::string path_of(int file) {
  return "d" + std::to_string(file % 10) + "/" + std::to_string(file) + ".svg";
}

// Each generation has other bytes of other sizes, and every third file comes and goes.
std::string text_of(int file, int generation) {
  std::string text = std::to_string(generation) + ":" + std::to_string(file) + ":";
  return text + std::string(500 + 37U * static_cast<unsigned>(generation % 50), 'x') + "end";
}

bool exists_in(int file, int generation) { return file % 3 != 0 || generation % 2 == 0; }

ChangeSet publish(const TestFolder& folder, int generation) {
  Commit commit(options(folder));
  for (int file = 0; file < kFiles; ++file) {
    if (!exists_in(file, generation)) continue;
    commit.stage(folder / "out", RelativePath(path_of(file)),
                 Blob::from_bytes(text_of(file, generation)));
  }
  return commit.publish();
}

template <class Work>
pid_t in_child(Work work) {
  pid_t child = ::fork();
  if (child != 0) return child;
  try {
    work();
    ::_exit(0);
  } catch (const std::exception& error) {
    ::write(2, error.what(), std::string_view(error.what()).size());
    ::_exit(1);
  }
}

int wait_for(pid_t child) {
  int status = 0;
  ::waitpid(child, &status, 0);
  return status;
}

// Files are whole, and all of the given generations.
void expect_whole(const TestFolder& folder, int older, int newer) {
  for (const auto& entry : fs::recursive_directory_iterator(folder / "out")) {
    if (entry.is_directory()) continue;
    int file = std::stoi(entry.path().stem().string());
    std::string text = read_file(entry.path());
    EXPECT_TRUE(text == text_of(file, older) || text == text_of(file, newer)) << entry.path();
  }
}

TEST(CommitCrash, KilledAtAnyMomentFilesAreWholeAndTheNextRunCompletes) {
  // This is about processes, not disks: in memory there is time for many more rounds.
  TestFolder folder(fs::exists("/dev/shm") ? "/dev/shm" : fs::temp_directory_path());
  publish(folder, 0);
  std::mt19937 random(20'240'611);
  auto started = std::chrono::steady_clock::now();
  publish(folder, 1);
  auto usual = std::chrono::duration_cast<std::chrono::microseconds>(
      std::chrono::steady_clock::now() - started);
  auto until = std::chrono::steady_clock::now() + 10s;
  int killed = 0;
  int rounds = 0;
  for (int round = 2; rounds < 100 && std::chrono::steady_clock::now() < until; ++round) {
    ++rounds;
    pid_t child = in_child([&] { publish(folder, round); });
    std::this_thread::sleep_for(usual * (random() % 1'200) / 1'000);
    ::kill(child, SIGKILL);
    killed += WIFSIGNALED(wait_for(child)) ? 1 : 0;
    expect_whole(folder, round - 1, round);
    if (round % 2 == 0) {
      publish(folder, round);  // the same run again
    } else {
      publish(folder, ++round);  // another one, after a half one
    }
    int present = 0;
    for (int file = 0; file < kFiles; ++file) {
      bool exists = fs::exists(folder / ("out/" + path_of(file)));
      EXPECT_EQ(exists, exists_in(file, round)) << path_of(file) << " in round " << round;
      if (exists && exists_in(file, round)) {
        EXPECT_EQ(folder.read("out/" + path_of(file)), text_of(file, round));
      }
      present += exists ? 1 : 0;
    }
    // out, ten folders, the files, the lock file: nothing else.
    EXPECT_EQ(folder.contents().size(), static_cast<std::size_t>(present) + 12);
    if (testing::Test::HasFailure()) break;
  }
  EXPECT_GE(killed * 4, rounds) << "of " << rounds << " rounds, too few to prove anything";
}

TEST(CommitCrash, WipesWhatAKilledRunHasStaged) {
  TestFolder folder;
  folder.write(".out.gantry/0/17", "half");
  folder.write(".gantry.lock.new", "half");
  publish(folder, 0);
  EXPECT_FALSE(fs::exists(folder / ".out.gantry"));
  EXPECT_FALSE(fs::exists(folder / ".gantry.lock.new"));
}

TEST(CommitCrash, RefusesAStagingFolderThatIsALink) {
  TestFolder folder;
  folder.write("victim/precious", "P");
  fs::create_symlink("victim", folder / ".out.gantry");
  EXPECT_THROW(publish(folder, 0), Error);
  EXPECT_EQ(folder.read("victim/precious"), "P");
}

TEST(CommitCrash, FullDiskChangesNothing) {
  TestFolder folder;
  publish(folder, 0);
  auto before = folder.contents();
  pid_t child = in_child([&] {
    ::signal(SIGXFSZ, SIG_IGN);
    struct rlimit limit {
      400, 400
    };
    ::setrlimit(RLIMIT_FSIZE, &limit);
    try {
      publish(folder, 1);
    } catch (const Error& error) {
      if (error.message().find("out/d1/1.svg") != std::string::npos) return;
      throw;
    }
    throw Error(ErrorCode::kInternal, "wrote to a full disk");
  });
  EXPECT_EQ(wait_for(child), 0);
  EXPECT_EQ(folder.contents(), before);
  EXPECT_THAT(publish(folder, 1).changed, SizeIs(200));
}

class MountedFolder {
 public:
  explicit MountedFolder(fs::path path) : path_(std::move(path)) {
    fs::create_directories(path_);
    mounted_ = ::mount("tmpfs", path_.c_str(), "tmpfs", 0, "size=64k") == 0;
  }
  ~MountedFolder() {
    if (mounted_) ::umount2(path_.c_str(), MNT_DETACH);
  }
  MountedFolder(const MountedFolder&) = delete;
  MountedFolder& operator=(const MountedFolder&) = delete;
  explicit operator bool() const { return mounted_; }

 private:
  fs::path path_;
  bool mounted_ = false;
};

TEST(CommitCrash, StagesInsideARootThatIsAMountedVolumeAndSurvivesItsFullness) {
  TestFolder folder;
  MountedFolder volume(folder / "out");
  if (!volume) GTEST_SKIP() << "a tmpfs cannot be mounted here";
  Commit(options(folder)).publish();
  {
    Commit commit(options(folder));
    commit.stage(folder / "out", RelativePath("a.svg"), Blob::from_bytes("A"));
    EXPECT_TRUE(fs::exists(folder / "out/.gantry-staging"));
    try {
      commit.stage(folder / "out", RelativePath("big"),
                   Blob::from_bytes(std::string(100'000, 'b')));
      FAIL() << "wrote to a full disk";
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kNoSpace);
      EXPECT_THAT(error.message(), HasSubstr("out/big"));
    }
    EXPECT_THROW(
        commit.stage(folder / "out", RelativePath(".gantry-staging/x"), Blob::from_bytes("")),
        Error);
    EXPECT_THAT(commit.publish().added, SizeIs(1));
  }
  auto found = folder.contents();
  found.erase("gantry.lock");
  EXPECT_EQ(found, (std::map<std::string, std::string>{{"out", "/"}, {"out/a.svg", "A"}}));
}

TEST(CommitCrash, WaitsForAnotherRunAndSaysSo) {
  TestFolder folder;
  std::optional<Commit> first(std::in_place, options(folder, "first"));
  first->stage(folder / "out", RelativePath("a"), Blob::from_bytes("1"));
  int told = 0;
  std::jthread finisher([&] {
    std::this_thread::sleep_for(200ms);
    first->publish();
    first.reset();
  });
  CommitOptions with = options(folder, "second");
  with.on_wait = [&](const fs::path& root) {
    EXPECT_EQ(root, folder / "out");
    ++told;
  };
  Commit second(with);
  EXPECT_EQ(told, 1);
  second.stage(folder / "out", RelativePath("b"), Blob::from_bytes("2"));
  second.publish();
  EXPECT_EQ(folder.read("out/a") + folder.read("out/b"), "12");
}

TEST(CommitCrash, WaitingEndsOnRequest) {
  TestFolder folder;
  Commit first(options(folder));
  std::stop_source stop;
  CommitOptions with = options(folder);
  with.stop = stop.get_token();
  with.on_wait = [&](const fs::path&) { stop.request_stop(); };
  try {
    Commit second(with);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kCancelled);
  }
}

TEST(CommitCrash, ManyProcessesAtOnceLoseNothing) {
  TestFolder folder;
  std::vector<pid_t> children;
  children.reserve(6);
  for (int child = 0; child < 6; ++child) {
    children.push_back(in_child([&] {
      std::string job = "job" + std::to_string(child);
      for (int round = 0; round < 5; ++round) {
        CommitOptions with = options(folder, job);
        // Half of the jobs share one root, the others have their own; all share the lock file.
        fs::path root = child % 2 == 0 ? folder / "shared/deep" : folder / job;
        with.roots = {root};
        Commit commit(with);
        for (int file = 0; file < 20; ++file) {
          commit.stage(root, RelativePath(job + "-" + std::to_string(file)),
                       Blob::from_bytes(text_of(file, round)));
        }
        if (round != 2) commit.publish();
      }
    }));
  }
  for (pid_t child : children) EXPECT_EQ(wait_for(child), 0);
  std::size_t files = 0;
  for (const auto& [path, text] : folder.contents()) {
    if (text == "/" || path == "gantry.lock") continue;
    EXPECT_TRUE(text.ends_with("end") && text.starts_with("4:")) << path;
    ++files;
  }
  EXPECT_EQ(files, 120U);
  EXPECT_EQ(folder.contents().size(), 120U + 3 + 2 + 1);
  CommitOptions check = options(folder, "job0");
  check.roots = {folder / "shared/deep"};
  EXPECT_THAT(Commit(check).plan().removed, SizeIs(20)) << "the lock file lists them";
}

}  // namespace
}  // namespace gantry::output
