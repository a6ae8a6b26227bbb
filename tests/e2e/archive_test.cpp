// gantry archive, as a user runs it, against the sandbox's archive.
#include <csignal>
#include <filesystem>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include <boost/json/parse.hpp>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "testing/data.hpp"
#include "testing/sandbox.hpp"
#include "tests/e2e/workspace.hpp"

namespace gantry::testing {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;
using ::testing::HasSubstr;
using ::testing::Not;

std::string pi_of(int number) { return fmt::format("01JZSANDB0X{:015}", number); }
std::string odd(std::string_view word) { return fmt::format("01JZ{:0>22}", word); }
const std::string kRoot = pi_of(0);

// A workspace for one archive.
class Archive {
 public:
  explicit Archive(std::vector<std::string> flags)
      : sandbox_(std::move(flags)), workspace_(sandbox_.base_url()) {}

  Environment environment() const {
    const std::string& url = sandbox_.base_url();
    return {{"ARKE_API_URL", url},
            {"ARKE_GATEWAY_URL", url},
            {"ARKE_GRAPH_URL", url},
            {"FIGMA_PERSONAL_TOKEN", std::nullopt}};
  }
  ProcessResult run(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), "archive");
    arguments.insert(arguments.end(), {"-o", "out"});
    return workspace_.gantry(std::move(arguments), environment());
  }
  Command command(std::vector<std::string> arguments) const {
    return workspace_.command(std::move(arguments), environment());
  }
  std::string file(const std::string& name) const {
    const Tree tree = workspace_.output();
    const auto found = tree.find(name);
    return found == tree.end() ? "" : found->second;
  }
  Sandbox& sandbox() { return sandbox_; }
  const Workspace& workspace() const { return workspace_; }

 private:
  Sandbox sandbox_;
  Workspace workspace_;
};

::testing::AssertionResult is_valid_mods(const fs::path& file) {
  const auto data = shared_data();
  if (!data) return ::testing::AssertionSuccess() << "the schema is not here";
  const ProcessResult result =
      run({.program = "xmllint",
           .arguments = {"--nonet", "--noout", "--schema",
                         (*data / "mods-xsd/mods-3-8.local.xsd").string(), file.string()}});
  if (result.exit_code == 0) return ::testing::AssertionSuccess();
  return ::testing::AssertionFailure() << result.err;
}

std::vector<std::string> ids_in(const std::string& document) {
  const std::string mark = "ID=\"entity-";
  std::vector<std::string> ids;
  for (std::size_t at = document.find(mark); at != std::string::npos;
       at = document.find(mark, at + 1)) {
    ids.push_back(document.substr(at + mark.size(), 26));
  }
  return ids;
}

TEST(ArchiveExport, WritesOneEntityAsMods) {
  Archive archive({"--arke-entities", "20"});
  const ProcessResult result = archive.run({kRoot});
  EXPECT_TRUE(exits(0, result));
  EXPECT_THAT(result.out, HasSubstr("✓ " + kRoot + " - 1 entity: out/" + kRoot + ".xml"));
  EXPECT_EQ(archive.workspace().output().size(), 1U);
  const std::string text = archive.file(kRoot + ".xml");
  EXPECT_THAT(text, HasSubstr("<title>Letter 0</title>"));
  EXPECT_TRUE(is_valid_mods(archive.workspace() / "out" / (kRoot + ".xml")));
  // The manifest once, and each of its files that a record is made of.
  EXPECT_EQ(archive.sandbox().count("api.requests"), 1);
  EXPECT_EQ(archive.sandbox().count("cdn.requests"), 5);
}

TEST(ArchiveExport, WritesATreeLevelByLevel) {
  Archive archive({"--arke-entities", "120", "--arke-fanout", "5"});
  const ProcessResult result = archive.run({kRoot, "--recursive"});
  EXPECT_TRUE(exits(0, result));
  const std::string name = kRoot + "-collection.xml";
  const std::vector<std::string> ids = ids_in(archive.file(name));
  ASSERT_EQ(ids.size(), 120U);
  for (int i = 0; i < 120; ++i) EXPECT_EQ(ids[static_cast<std::size_t>(i)], pi_of(i));
  EXPECT_TRUE(is_valid_mods(archive.workspace() / "out" / name));
  EXPECT_EQ(archive.sandbox().count("api.requests"), 120) << "each manifest once";
}

TEST(ArchiveExport, GoesAsDeepAsItIsTold) {
  Archive archive({"--arke-entities", "40", "--arke-fanout", "3"});
  EXPECT_TRUE(exits(0, archive.run({kRoot, "-R", "--max-depth", "0"})));
  EXPECT_EQ(ids_in(archive.file(kRoot + "-collection.xml")).size(), 1U);
  EXPECT_TRUE(exits(0, archive.run({kRoot, "-R", "--max-depth", "2"})));
  EXPECT_EQ(ids_in(archive.file(kRoot + "-collection.xml")).size(), 13U);
}

// Whatever the way the answers take, the document is the same.
TEST(ArchiveExport, IsTheSameWhateverTheTimingAndTheFaults) {
  std::string expected;
  const std::vector<std::vector<std::string>> ways = {
      {},
      {"--api-latency", "20:20", "--cdn-latency", "5:5", "--seed", "5"},
      {"--cdn-latency", "30:30", "--fault-5xx", "10", "--fault-reset", "5", "--fault-truncate", "5",
       "--fault-html", "5", "--fault-length", "5", "--fault-redirect", "5"}};
  for (std::size_t i = 0; i < ways.size(); ++i) {
    std::vector<std::string> flags = {"--arke-entities", "30", "--arke-fanout", "4"};
    flags.insert(flags.end(), ways[i].begin(), ways[i].end());
    Archive archive(flags);
    const ProcessResult result =
        archive.run({kRoot, "-R", "--concurrent-downloads", i == 1 ? "3" : "20"});
    EXPECT_TRUE(exits(0, result));
    const std::string text = archive.file(kRoot + "-collection.xml");
    if (i == 0) expected = text;
    EXPECT_TRUE(text == expected) << "way " << i;
    EXPECT_GT(text.size(), 100'000U);
  }
}

class OddArchive : public ::testing::Test {
 protected:
  ProcessResult run(std::vector<std::string> more) const {
    more.insert(more.begin(), {kRoot, "-R", "--max-retries", "0"});
    return archive_.run(std::move(more));
  }

  Archive archive_{{"--arke-entities", "8", "--arke-fanout", "3", "--arke-oddities"}};
};

TEST_F(OddArchive, IsExportedAndEverythingOddIsNamed) {
  const ProcessResult result = run({});
  EXPECT_TRUE(exits(1, result)) << "some entities could not be read";
  const std::string name = kRoot + "-collection.xml";
  const std::string text = archive_.file(name);
  EXPECT_TRUE(is_valid_mods(archive_.workspace() / "out" / name));
  const std::vector<std::string> ids = ids_in(text);
  EXPECT_EQ(std::set<std::string>(ids.begin(), ids.end()).size(), ids.size()) << "each once";
  for (int i = 0; i < 8; ++i) EXPECT_THAT(ids, ::testing::Contains(pi_of(i)));
  for (const char* word : {"NEWER", "TARGET", "CYCLE", "BEL0W", "H0STILE", "N0PINAX", "BADPINAX",
                           "BARE", "L0STPARTS", "N0GRAPH", "0FF0RGED"}) {
    EXPECT_THAT(ids, ::testing::Contains(odd(word)));
    EXPECT_THAT(text, Not(HasSubstr("[Not Exported: " + odd(word))));
  }
  for (const char* word : {"MISSING", "DELETED", "BR0KEN", "F0RGED", "MERGEDT00", "MERGEDL0ST"}) {
    EXPECT_THAT(text, HasSubstr("[Not Exported: " + odd(word)));
  }
  EXPECT_THAT(ids, Not(::testing::Contains(odd("MERGED")))) << "its target stands for it";
  EXPECT_THAT(text, HasSubstr("Entity " + odd("MERGED") + " was merged into this one."));
  EXPECT_THAT(result.out, HasSubstr("19 entities, 4 incomplete, 3 missing, 3 failed, 1 merged"));
  for (const char* word : {"MISSING", "DELETED", "BR0KEN", "F0RGED", "BADPINAX", "L0STPARTS"}) {
    EXPECT_THAT(result.err, HasSubstr(odd(word)));
  }
}

TEST_F(OddArchive, KeepsHostileTextAsItIs) {
  run({});
  const std::string text = archive_.file(kRoot + "-collection.xml");
  EXPECT_THAT(text, HasSubstr("Ben &amp; Ada's &lt;letter&gt; \"quoted\" ]]&gt; &amp;amp; "));
  EXPECT_THAT(text, HasSubstr("  Dear Sir,\n\n\tyours &amp; &lt;mine&gt;&#13;\n   end  \n"));
  EXPECT_THAT(text, HasSubstr("Archive\xef\xbf\xbd\xef\xbf\xbd of \xef\xbf\xbd nothing"));
}

TEST_F(OddArchive, IsNotPublishedIfTheFirstFailureIsToEndIt) {
  const ProcessResult result = run({"--fail-fast"});
  EXPECT_TRUE(exits(1, result));
  EXPECT_TRUE(archive_.workspace().output().empty());
}

TEST_F(OddArchive, AsPinaxHasEachEntityOnceAndSaysWhereTheOthersAre) {
  const ProcessResult result = run({"--format", "pinax"});
  EXPECT_TRUE(exits(1, result));
  json::parse_options deep;
  deep.max_depth = 256;
  const json::value tree = json::parse(archive_.file(kRoot + "-collection.json"), {}, deep);
  const json::object& root = tree.at("root").as_object();
  EXPECT_EQ(root.at("pi"), json::string(kRoot));
  std::set<std::string> absent;
  for (const json::value& child : root.at("children_absent").as_array()) {
    absent.emplace(std::string_view(child.at("pi").as_string()));
  }
  EXPECT_THAT(absent, ::testing::IsSupersetOf({odd("MISSING"), odd("DELETED"), odd("BR0KEN")}));
  bool has_cycle = false;
  for (const json::value& child : root.at("children").as_array()) {
    if (child.at("pi") != json::string(odd("CYCLE"))) continue;
    has_cycle = true;
    EXPECT_EQ(child.at("children_elsewhere"), (json::array{kRoot, odd("CYCLE"), pi_of(2)}));
    EXPECT_EQ(child.at("children").at(0).at("pi"), json::string(odd("BEL0W")));
  }
  EXPECT_TRUE(has_cycle);
}

TEST_F(OddArchive, AsPinaxTakesTheGraphFileWhereTheGraphKnowsNothing) {
  EXPECT_TRUE(exits(0, archive_.run({odd("N0GRAPH"), "--format", "pinax"})));
  const json::value entity = json::parse(archive_.file(odd("N0GRAPH") + ".json")).at("root");
  EXPECT_TRUE(entity.at("entities").as_array().empty());
  EXPECT_EQ(entity.at("cheimarros").at("entities").at("d").at("label"), "1923-05");
}

TEST_F(OddArchive, IsAnErrorWhereTheRootItselfIsNotThere) {
  for (const char* word : {"MISSING", "DELETED", "BR0KEN", "MERGEDR0UND"}) {
    archive_.sandbox().reset();
    const ProcessResult result = archive_.run({odd(word), "-R", "--max-retries", "0"});
    EXPECT_TRUE(exits(1, result));
    EXPECT_THAT(result.err, HasSubstr(odd(word)));
    EXPECT_TRUE(archive_.workspace().output().empty());
  }
}

TEST_F(OddArchive, DoesNotAskTwiceForARootThatIsNotThere) {
  EXPECT_TRUE(exits(1, archive_.run({odd("MISSING"), "-R"})));
  EXPECT_EQ(archive_.sandbox().count("api.requests"), 1);
}

TEST_F(OddArchive, OfAMergedRootIsTheEntityThatItLivesOnAs) {
  EXPECT_TRUE(exits(0, archive_.run({odd("MERGED")})));
  const std::string text = archive_.file(odd("MERGED") + ".xml");
  EXPECT_THAT(text, HasSubstr("ID=\"entity-" + odd("TARGET")));
}

TEST(ArchiveExport, AsPinaxIsTheTree) {
  Archive archive({"--arke-entities", "40", "--arke-fanout", "3"});
  EXPECT_TRUE(exits(0, archive.run({kRoot, "--format", "pinax", "-R"})));
  json::parse_options deep;
  deep.max_depth = 256;
  const json::value tree = json::parse(archive.file(kRoot + "-collection.json"), {}, deep);
  const json::value& root = tree.at("root");
  EXPECT_EQ(root.at("children").at(2).at("pi"), json::string(pi_of(3)));
  EXPECT_EQ(root.at("children").at(2).at("children").at(0).at("pi"), json::string(pi_of(10)));
  EXPECT_EQ(root.at("relationships").as_array().size(), 1U) << "the edge is told at both ends";
  EXPECT_EQ(root.at("relationships").at(0).at("subject_id"), "office");
  EXPECT_EQ(tree.at("export_options").at("recursive"), true);
}

TEST(ArchiveExport, WritesManyEntitiesAndNothingThatHasNotChanged) {
  Archive archive({"--arke-entities", "30"});
  const std::vector<std::string> wanted = {pi_of(3), pi_of(1), pi_of(2)};
  EXPECT_TRUE(exits(0, archive.run(wanted)));
  EXPECT_EQ(archive.workspace().output().size(), 3U);
  const auto before = identities_of(archive.workspace() / "out");
  const ProcessResult again = archive.run(wanted);
  EXPECT_TRUE(exits(0, again));
  EXPECT_EQ(identities_of(archive.workspace() / "out"), before);
  EXPECT_THAT(again.out, HasSubstr("unchanged"));
  EXPECT_LT(again.out.find(pi_of(3)), again.out.find(pi_of(1))) << "in the order asked for";
}

TEST(ArchiveExport, WaitsWhereTheArchiveAsksForAPause) {
  Archive archive({"--arke-entities", "10", "--limit-once", "3:1"});
  const ProcessResult result = archive.run({kRoot, "-R", "--max-retries", "0"});
  EXPECT_TRUE(exits(0, result));
  EXPECT_EQ(archive.sandbox().count("api.by_status.429"), 1);
}

TEST(ArchiveExport, WorksFromItsCacheAlone) {
  Archive archive({"--arke-entities", "12"});
  EXPECT_TRUE(exits(0, archive.run({kRoot, "-R", "--cache"})));
  const std::string text = archive.file(kRoot + "-collection.xml");
  fs::remove_all(archive.workspace() / "out");
  archive.sandbox().stop();
  EXPECT_TRUE(exits(0, archive.run({kRoot, "-R", "--offline"})));
  EXPECT_EQ(archive.file(kRoot + "-collection.xml"), text);
  const ProcessResult other = archive.run({pi_of(500), "--offline"});
  EXPECT_TRUE(exits(1, other));
  EXPECT_THAT(other.err, HasSubstr("is not in the cache"));
}

TEST(ArchiveExport, IsReplayedFromARecording) {
  Archive archive({"--arke-entities", "12"});
  EXPECT_TRUE(exits(0, archive.run({kRoot, "-R", "--record", "answers", "--format", "pinax"})));
  EXPECT_TRUE(exits(0, archive.run({kRoot, "-R", "--record", "answers"})));
  const std::string text = archive.file(kRoot + "-collection.xml");
  fs::remove_all(archive.workspace() / "out");
  archive.sandbox().stop();
  EXPECT_TRUE(exits(0, archive.run({kRoot, "-R", "--replay", "answers"})));
  EXPECT_EQ(archive.file(kRoot + "-collection.xml"), text);
  EXPECT_TRUE(exits(0, archive.run({kRoot, "-R", "--replay", "answers", "--format", "pinax"})));
  EXPECT_TRUE(exits(1, archive.run({pi_of(500), "--replay", "answers"})));
}

TEST(ArchiveExport, LeavesNoHalfFileWhereItIsKilled) {
  Archive archive({"--arke-entities", "400", "--arke-fanout", "5", "--cdn-latency", "20"});
  for (const int signal : {SIGKILL, SIGTERM}) {
    Process process(archive.command({"archive", kRoot, "-R", "-o", "out"}));
    while (archive.sandbox().count("cdn.requests") < 100) {
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    process.kill(signal);
    process.wait();
    EXPECT_EQ(archive.file(kRoot + "-collection.xml"), "");
    archive.sandbox().reset();
  }
  EXPECT_TRUE(exits(0, archive.run({kRoot, "-R", "--max-depth", "1"})));
  EXPECT_EQ(ids_in(archive.file(kRoot + "-collection.xml")).size(), 6U);
  EXPECT_EQ(archive.workspace().output().size(), 1U);
  EXPECT_FALSE(fs::exists(archive.workspace() / ".out.gantry")) << "what was left is wiped";
}

#ifdef GANTRY_SANITIZED
constexpr bool kIsSanitized = true;
#else
constexpr bool kIsSanitized = false;
#endif

std::uint64_t peak_memory_of(const std::vector<std::string>& flags) {
  Archive archive(flags);
  const ProcessResult result = archive.run({kRoot, "-R", "--max-depth", "50"});
  EXPECT_TRUE(exits(0, result));
  return result.peak_memory;
}

TEST(ArchiveExport, NeedsNoMoreMemoryForALargerTree) {
  if (kIsSanitized) GTEST_SKIP() << "a sanitized program needs memory of its own";
  const std::uint64_t small = peak_memory_of({"--arke-entities", "1000", "--arke-fanout", "200"});
  const std::uint64_t large = peak_memory_of({"--arke-entities", "4000", "--arke-fanout", "200"});
  EXPECT_LT(large, small + (12U << 20));
}

TEST(ArchiveExport, NeverHoldsTheTextOfAnEntityAsAWhole) {
  if (kIsSanitized) GTEST_SKIP() << "a sanitized program needs memory of its own";
  const std::vector<std::string> flags = {"--arke-entities", "1", "--arke-pages"};
  std::vector<std::string> few = flags;
  few.insert(few.end(), {"10", "--arke-page-bytes", "20000"});
  std::vector<std::string> many = flags;
  many.insert(many.end(), {"4000", "--arke-page-bytes", "20000"});
  EXPECT_LT(peak_memory_of(many), peak_memory_of(few) + (40U << 20)) << "80 MB of text";
}

TEST(ArchiveExport, RefusesWrongUse) {
  const Workspace workspace("http://127.0.0.1:9");
  const std::pair<std::vector<std::string>, const char*> cases[] = {
      {{"archive", "-o", "out"}, "PI"},
      {{"archive", kRoot}, "--output"},
      {{"archive", "../../evil", "-o", "out"}, "'../../evil' is not a PI"},
      {{"archive", kRoot, kRoot, "-o", "out"}, "is given twice"},
      {{"archive", kRoot, "-o", "out", "--max-depth", "3"}, "--max-depth needs --recursive"},
      {{"archive", kRoot, "-o", "out", "-R", "--max-depth", "51"}, "--max-depth"},
      {{"archive", kRoot, "-o", "out", "--entity-source", "both"},
       "--entity-source is no flag of mods exports"},
      {{"archive", kRoot, "-o", "out", "--format", "pinax", "--cheimarros", "skip"},
       "--cheimarros is no flag of pinax exports"},
      {{"archive", kRoot, "-o", "out", "--offline"}, "there is no cache"}};
  for (const auto& [arguments, message] : cases) {
    const ProcessResult result =
        workspace.gantry(arguments, {{"FIGMA_PERSONAL_TOKEN", std::nullopt}});
    EXPECT_TRUE(exits(2, result));
    EXPECT_THAT(result.err, HasSubstr(message));
  }
}

}  // namespace
}  // namespace gantry::testing
