// The first run with a cache takes over what the older tool knew.
#include <string>

#include <boost/json/parse.hpp>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "testing/sandbox.hpp"
#include "tests/e2e/workspace.hpp"

namespace gantry::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class OlderCacheImport : public ::testing::Test {
 protected:
  OlderCacheImport() { workspace_.add_web_config("web.yaml"); }

  // What the older tool has written after an export of both files and two more.
  void write_older_cache(const std::string& light_version, const std::string& file) {
    const std::string entry =
        R"({{"version": "{}", "lastExport": "2030-01-02T03:04:05Z", "fileName": "x"}})";
    const std::string old = fmt::format(fmt::runtime(entry), "an older one");
    write_text(workspace_ / file,
               fmt::format(R"({{"schemaVersion": 2, "files": {{"sandbox-light": {}, )"
                           R"("sandbox-dark": {}, "other-1": {}, "other-2": {}}}}})",
                           fmt::format(fmt::runtime(entry), light_version), old, old, old));
  }
  std::string version() const {
    const auto answer =
        http_get(sandbox_.base_url() + "/v1/files/sandbox-light/meta", std::string(kToken));
    const auto meta = boost::json::parse(answer.body).as_object();
    const auto* file = meta.if_contains("file");
    const auto& object = file != nullptr ? file->as_object() : meta;
    return std::string(object.at("version").as_string());
  }

  Sandbox sandbox_{{"--icons", "10"}};
  Workspace workspace_{sandbox_.base_url()};
};

TEST_F(OlderCacheImport, IsDoneOnceAndSaysWhichFilesHaveNotChanged) {
  write_older_cache(version(), ".exfig-cache.json");
  sandbox_.reset();
  const ProcessResult first = workspace_.batch({"--cache"});
  EXPECT_TRUE(exits(0, first));
  EXPECT_THAT(first.err, HasSubstr("the versions of 4 files"));
  EXPECT_THAT(first.err, HasSubstr("unchanged since then: sandbox-light\n"));
  EXPECT_EQ(sandbox_.count("api.by_endpoint.GET /v1/files/:key/meta"), 2) << "no call more";
  EXPECT_GT(workspace_.output().size(), 10U) << "it exports all the same";
  const ProcessResult records = workspace_.gantry({"cache", "inspect", "exfig/*"});
  EXPECT_THAT(records.out, HasSubstr("exfig/sandbox-light"));
  EXPECT_THAT(records.out, HasSubstr("exfig/other-2"));

  const ProcessResult next = workspace_.batch({"--cache"});
  EXPECT_TRUE(exits(0, next));
  EXPECT_THAT(next.err, Not(HasSubstr("the versions of")));
}

TEST_F(OlderCacheImport, LooksWhereTheConfigurationSays) {
  write_older_cache("none of these", "old/cache.json");
  write_text(workspace_ / "web.yaml",
             read_text(workspace_ / "web.yaml") +
                 "common: {cache: {enabled: true, path: old/cache.json}}\n");
  const ProcessResult result = workspace_.batch();
  EXPECT_TRUE(exits(0, result));
  EXPECT_THAT(result.err, HasSubstr("unchanged since then: none\n"));
}

TEST_F(OlderCacheImport, IsNotDoneWithoutACache) {
  write_older_cache(version(), ".exfig-cache.json");
  const ProcessResult result = workspace_.batch();
  EXPECT_TRUE(exits(0, result));
  EXPECT_THAT(result.err, Not(HasSubstr("the versions of")));
}

TEST_F(OlderCacheImport, OfAFileThatIsDamagedOrTooNewIsAWarning) {
  for (const char* text :
       {"{\"schemaVersion\": 2, \"fil", R"({"schemaVersion": 9, "files": {}})"}) {
    write_text(workspace_ / ".exfig-cache.json", text);
    std::filesystem::remove(workspace_ / ".gantry-cache.db");
    const ProcessResult result = workspace_.batch({"--cache"});
    EXPECT_TRUE(exits(0, result));
    EXPECT_THAT(result.err, HasSubstr(".exfig-cache.json is not taken over: "));
  }
}

}  // namespace
}  // namespace gantry::testing
