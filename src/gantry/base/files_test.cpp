#include "gantry/base/files.hpp"

#include <chrono>
#include <csignal>
#include <optional>
#include <thread>

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "gantry/base/error.hpp"

namespace gantry {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

class FilesTest : public testing::Test {
 protected:
  FilesTest() {
    std::string name = (fs::temp_directory_path() / "gantry-test-XXXXXX").string();
    if (::mkdtemp(name.data()) != nullptr) folder = name;
  }
  ~FilesTest() override { fs::remove_all(folder); }

  std::size_t count() {
    return static_cast<std::size_t>(
        std::distance(fs::directory_iterator(folder), fs::directory_iterator()));
  }
  template <class Act>
  ErrorCode code_of(Act act) {
    try {
      act();
    } catch (const Error& error) {
      EXPECT_THAT(error.message(), HasSubstr(folder.string()));
      return error.code();
    }
    ADD_FAILURE() << "no error";
    return ErrorCode::kInternal;
  }

  fs::path folder;
};

TEST_F(FilesTest, ReadsWhatWasWritten) {
  std::string large(200'000, 'x');
  for (const std::string& text : {std::string(), std::string("a\0b", 3), large}) {
    write_file_atomically(folder / "f", text);
    EXPECT_EQ(read_file(folder / "f"), text);
    write_file_atomically(folder / "f", text, true);
    EXPECT_EQ(read_file(folder / "f", text.size()), text);
  }
  EXPECT_EQ(count(), 1U);
  struct stat status {};
  ASSERT_EQ(::stat((folder / "f").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0644U);
}

TEST_F(FilesTest, ReadingFailsByName) {
  write_file_atomically(folder / "f", "12345");
  EXPECT_EQ(code_of([&] { read_file(folder / "none"); }), ErrorCode::kNotFound);
  EXPECT_EQ(code_of([&] { read_file(folder); }), ErrorCode::kIo);
  EXPECT_EQ(code_of([&] { read_file(folder / "f", 4); }), ErrorCode::kTooLarge);
  EXPECT_EQ(code_of([&] { read_file(folder / "f/g"); }), ErrorCode::kIo);
}

TEST_F(FilesTest, ReadsFilesWithoutAKnownSize) {
  EXPECT_THAT(read_file("/proc/self/status"), HasSubstr("Name:"));
  EXPECT_THROW(read_file("/dev/zero", 100'000), Error) << "must not read for ever";
}

TEST_F(FilesTest, FailedWriteLeavesTheOldFileAndNothingElse) {
  write_file_atomically(folder / "f", "old");
  pid_t child = ::fork();
  if (child == 0) {
    ::signal(SIGXFSZ, SIG_IGN);
    struct rlimit limit {
      1'000, 1'000
    };
    ::setrlimit(RLIMIT_FSIZE, &limit);
    try {
      write_file_atomically(folder / "f", std::string(5'000, 'x'));
    } catch (const Error&) {
      ::_exit(0);
    }
    ::_exit(1);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
  EXPECT_EQ(read_file(folder / "f"), "old");
  EXPECT_EQ(count(), 1U);
  EXPECT_EQ(code_of([&] { write_file_atomically(folder / "none/f", ""); }), ErrorCode::kNotFound);
}

TEST_F(FilesTest, TemporaryFileGoesWithItsLastOwner) {
  auto file = TemporaryFile::create(folder, "body-");
  auto other = file;
  EXPECT_THAT(file->path().filename().string(), testing::StartsWith("body-"));
  file->append("one ");
  file->append("two");
  file->close();
  EXPECT_EQ(read_file(file->path()), "one two");
  file.reset();
  EXPECT_EQ(count(), 1U);
  other.reset();
  EXPECT_EQ(count(), 0U);
  EXPECT_EQ(code_of([&] { TemporaryFile::create(folder / "none", "x"); }), ErrorCode::kNotFound);
}

TEST_F(FilesTest, LockExcludesOthersWhileItLives) {
  std::optional<FileLock> lock = FileLock::acquire(folder);
  EXPECT_FALSE(FileLock::try_acquire(folder));
  FileLock moved = std::move(*lock);
  lock.reset();
  EXPECT_FALSE(FileLock::try_acquire(folder)) << "the lock went with the move";
  { FileLock ended = std::move(moved); }
  EXPECT_TRUE(FileLock::try_acquire(folder));
  EXPECT_EQ(count(), 0U);
  EXPECT_EQ(code_of([&] { FileLock::acquire(folder / "none"); }), ErrorCode::kNotFound);
}

TEST_F(FilesTest, LockWaitsForItsHolder) {
  std::optional<FileLock> lock = FileLock::acquire(folder);
  auto started = std::chrono::steady_clock::now();
  std::jthread holder([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    lock.reset();
  });
  FileLock mine = FileLock::acquire(folder);
  EXPECT_GE(std::chrono::steady_clock::now() - started, std::chrono::milliseconds(90));
}

TEST_F(FilesTest, LockOfAKilledProcessIsFree) {
  int ready[2];
  ASSERT_EQ(::pipe(ready), 0);
  pid_t child = ::fork();
  if (child == 0) {
    FileLock lock = FileLock::acquire(folder);
    if (::write(ready[1], "x", 1) != 1) ::_exit(1);
    ::pause();
  }
  char byte = 0;
  ASSERT_EQ(::read(ready[0], &byte, 1), 1);
  EXPECT_FALSE(FileLock::try_acquire(folder));
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  EXPECT_TRUE(FileLock::try_acquire(folder));
  ::close(ready[0]);
  ::close(ready[1]);
}

// Sets an environment variable for one test.
class Variable {
 public:
  Variable(const char* name, const char* value) : name_(name) {
    if (const char* old = ::getenv(name)) old_ = old;
    value == nullptr ? ::unsetenv(name) : ::setenv(name, value, 1);
  }
  ~Variable() { old_ ? ::setenv(name_, old_->c_str(), 1) : ::unsetenv(name_); }
  Variable(const Variable&) = delete;
  Variable& operator=(const Variable&) = delete;

 private:
  const char* name_;
  std::optional<std::string> old_;
};

TEST(UserFolders, FollowTheXdgVariablesThenHome) {
  Variable home("HOME", "/home/u");
  {
    Variable cache("XDG_CACHE_HOME", "/c");
    Variable state("XDG_STATE_HOME", "/s");
    EXPECT_EQ(user_cache_folder(), "/c/gantry");
    EXPECT_EQ(user_state_folder(), "/s/gantry");
  }
  Variable cache("XDG_CACHE_HOME", "relative/is/ignored");
  Variable state("XDG_STATE_HOME", nullptr);
  EXPECT_EQ(user_cache_folder(), "/home/u/.cache/gantry");
  EXPECT_EQ(user_state_folder(), "/home/u/.local/state/gantry");
  Variable nowhere("HOME", nullptr);
  EXPECT_EQ(user_cache_folder().parent_path(), fs::temp_directory_path());
}

}  // namespace
}  // namespace gantry
