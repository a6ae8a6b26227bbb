// A folder of artifacts after its process was killed at any instant.
#include <csignal>
#include <cstdlib>

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "gantry/artifacts/artifact_driver.hpp"
#include "gantry/artifacts/local_artifact_store.hpp"

#include "testing/files.hpp"

namespace gantry::artifacts {
namespace {

std::string key_of(std::uint32_t number) { return "task/" + std::to_string(number); }
std::string bytes_of(std::uint32_t number) { return noise(number * 7'919 % 60'000, number % 20); }

// Puts and removes for ever, and tells after each put that it is done.
[[noreturn]] void work(const std::filesystem::path& folder, std::uint32_t first, int report) {
  // Where nobody is left to clean up but the test.
  ::setenv("TMPDIR", folder.parent_path().c_str(), 1);
  ArtifactDriver driver;
  LocalArtifactStore store(folder, driver.pool);
  for (std::uint32_t number = first;; ++number) {
    driver.put(store, key_of(number), bytes_of(number));
    static_cast<void>(!::write(report, &number, sizeof number));
    if (number % 3 == 0) driver.remove(store, key_of(number));
  }
}

// Puts until it is killed; the numbers that it told of.
std::vector<std::uint32_t> work_until_killed(const std::filesystem::path& folder,
                                             std::uint32_t first, useconds_t after) {
  int pipe[2];
  EXPECT_EQ(::pipe(pipe), 0);
  pid_t child = ::fork();
  if (child == 0) work(folder, first, pipe[1]);
  ::close(pipe[1]);
  ::usleep(after);
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  std::vector<std::uint32_t> done;
  for (std::uint32_t number = 0; ::read(pipe[0], &number, sizeof number) == sizeof number;) {
    done.push_back(number);
  }
  ::close(pipe[0]);
  return done;
}

TEST(KilledArtifactStore, HasLostNothingAndHoldsNothingHalf) {
  testing::TemporaryFolder folder;
  std::uint32_t puts = 0;
  for (std::uint32_t round = 0; round < 12; ++round) {
    std::uint32_t first = round * 100'000;
    auto done = work_until_killed(folder / "store", first, 60'000 + round * 17'000);
    puts += static_cast<std::uint32_t>(done.size());

    ArtifactDriver driver;
    LocalArtifactStore store(folder / "store", driver.pool);
    for (std::uint32_t number : done) {
      // The one that was being removed may be either.
      if (number % 3 == 0) continue;
      auto found = driver.find(store, key_of(number));
      ASSERT_TRUE(found) << number;
      EXPECT_EQ(*found, artifact_of(key_of(number), bytes_of(number)));
    }
    for (const std::string& key : driver.list(store, "")) {
      auto artifact = driver.find(store, key);
      ASSERT_TRUE(artifact);
      std::string bytes = driver.read(store, *artifact, 0, artifact->size);
      EXPECT_EQ(artifact_of(key, bytes), *artifact);
    }
    EXPECT_TRUE(std::filesystem::is_empty(folder / "store/incoming"));
  }
  EXPECT_GT(puts, 0U);
}

}  // namespace
}  // namespace gantry::artifacts
