#include "gantry/jobs/output_conflicts.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "testing/files.hpp"

namespace gantry::jobs {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

JobOutputs writes(std::string job, const fs::path& root, const std::vector<const char*>& paths) {
  PlannedOutput output{root, {}};
  for (const char* path : paths) output.paths.emplace_back(path);
  return {std::move(job), {std::move(output)}};
}

std::vector<std::string> texts(const std::vector<OutputConflict>& conflicts) {
  std::vector<std::string> texts;
  for (const OutputConflict& conflict : conflicts) texts.push_back(conflict.to_string());
  return texts;
}

TEST(OutputConflicts, AreFilesAndNotFolders) {
  EXPECT_THAT(find_output_conflicts({writes("a", "out", {"x.svg", "y/x.svg"}),
                                     writes("b", "out", {"z.svg", "y/z.svg"})}),
              IsEmpty());
  EXPECT_THAT(texts(find_output_conflicts({writes("a", "out", {"x.svg", "y.svg"}),
                                           writes("b", "out", {"y.svg"}),
                                           writes("c", "out", {"y.svg", "x.svg"})})),
              ElementsAre("out/x.svg: a, c", "out/y.svg: a, b, c"));
}

TEST(OutputConflicts, AreFoundThroughDotsCaseUnicodeFormAndRoots) {
  EXPECT_THAT(texts(find_output_conflicts({writes("a", "out", {"deep/Caf\u00e9.svg"}),
                                           writes("b", "out/x/../DEEP", {"cafe\u0301.svg"})})),
              ElementsAre("out/deep/Caf\u00e9.svg: a, b"));
}

TEST(OutputConflicts, AreFoundThroughLinks) {
  testing::TemporaryFolder folder;
  fs::create_directory(folder / "real");
  fs::create_directory_symlink(folder / "real", folder / "link");
  EXPECT_EQ(find_output_conflicts(
                {writes("a", folder / "real", {"x.svg"}), writes("b", folder / "link", {"x.svg"})})
                .size(),
            1U);
}

TEST(OutputConflicts, OfTwoEntriesOfOneConfigurationCount) {
  JobOutputs job = writes("a", "out", {"x.svg"});
  job.outputs.push_back(job.outputs.front());
  EXPECT_THAT(texts(find_output_conflicts({job})), ElementsAre("out/x.svg: a, a"));
}

}  // namespace
}  // namespace gantry::jobs
