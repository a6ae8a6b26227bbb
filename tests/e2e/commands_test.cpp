// What a user meets before anything is exported: help, flags, exit codes, streams, configurations.
#include <filesystem>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include <boost/json/parse.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "testing/data.hpp"
#include "testing/sandbox.hpp"
#include "tests/e2e/workspace.hpp"

namespace gantry::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

// Nothing listens there: a command that should fail before the network fails the test if it asks.
constexpr const char* kNowhere = "http://127.0.0.1:9";

TEST(Commands, HelpAndVersionAreResults) {
  const Workspace workspace(kNowhere);
  const ProcessResult help = workspace.gantry({"--help"});
  EXPECT_TRUE(exits(0, help));
  for (const char* word : {"batch", "icons", "fetch", "cache", "schema"}) {
    EXPECT_THAT(help.out, HasSubstr(word));
  }
  EXPECT_THAT(help.err, IsEmpty());

  const ProcessResult version = workspace.gantry({"--version"});
  EXPECT_TRUE(exits(0, version));
  EXPECT_THAT(version.out, HasSubstr("gantry "));
  EXPECT_THAT(version.err, IsEmpty());
}

TEST(Commands, EveryCommandExplainsItself) {
  const Workspace workspace(kNowhere);
  for (const char* name : {"archive", "batch", "icons", "fetch", "schema"}) {
    const ProcessResult result = workspace.gantry({name, "--help"});
    EXPECT_TRUE(exits(0, result));
    EXPECT_THAT(result.out, HasSubstr(name));
  }
}

std::vector<std::vector<std::string>> all_commands() {
  return {{"archive"},
          {"batch"},
          {"mcp"},
          {"icons"},
          {"fetch"},
          {"colors"},
          {"schema"},
          {"cache"},
          {"cache", "stats"},
          {"cache", "inspect"},
          {"cache", "clear"},
          {"cache", "verify"},
          {"components"},
          {"components", "list"},
          {"components", "get"},
          {"components", "demo"},
          {"components", "metadata"},
          {"components", "blocks"},
          {"components", "tree"},
          {"components", "refresh"},
          {"config"},
          {"config", "show"},
          {"serve"},
          {"remote"},
          {"remote", "submit"},
          {"remote", "status"},
          {"remote", "watch"},
          {"remote", "download"},
          {"remote", "cancel"},
          {"remote", "retry"}};
}

std::string help_of(const Workspace& workspace, std::vector<std::string> command) {
  command.emplace_back("--help");
  return workspace.gantry(std::move(command)).out;
}

// "--dry-run" and so on, as often as they are there.
std::set<std::string> flags_in(const std::string& text) {
  static const std::regex flag("--[a-z][a-z-]*[a-z]");
  return {std::sregex_token_iterator(text.begin(), text.end(), flag), {}};
}

TEST(Commands, TheManPageHasTheFlagsOfEveryHelpAndNoOthers) {
  const Workspace workspace(kNowhere);
  std::set<std::string> of_help = flags_in(workspace.gantry({"--help"}).out);
  for (const std::vector<std::string>& command : all_commands()) {
    of_help.merge(flags_in(help_of(workspace, command)));
  }
  EXPECT_GT(of_help.size(), 20U);
  std::string page = read_text(source_folder() / "packaging/gantry.1");
  std::erase(page, '\\');
  EXPECT_EQ(flags_in(page), of_help);
}

TEST(Commands, HelpFitsATerminalOf80Columns) {
  const Workspace workspace(kNowhere);
  for (const std::vector<std::string>& command : all_commands()) {
    std::istringstream lines(help_of(workspace, command));
    for (std::string line; std::getline(lines, line);) EXPECT_LE(line.size(), 80U) << line;
  }
}

TEST(Commands, WithoutArgumentsTheHelpStandsOnStandardError) {
  const ProcessResult result = Workspace(kNowhere).gantry({});
  EXPECT_TRUE(exits(2, result));
  EXPECT_THAT(result.out, IsEmpty());
  EXPECT_THAT(result.err, HasSubstr("Usage: gantry"));
}

TEST(Commands, SchemaIsJsonOnStandardOutput) {
  const Workspace workspace(kNowhere);
  const ProcessResult result = workspace.gantry({"schema"});
  EXPECT_TRUE(exits(0, result));
  EXPECT_TRUE(boost::json::parse(result.out).is_object());
  EXPECT_THAT(result.out, HasSubstr("lightFileId"));
}

TEST(Commands, WrongFlagsAndPathsAreExitCode2AndSaidOnStandardError) {
  Workspace workspace(kNowhere);
  workspace.add_web_config("web.yaml");
  std::filesystem::create_directory(workspace / "empty");
  const std::vector<std::vector<std::string>> wrong = {
      {"nonsense"},
      {"--nonsense"},
      {"batch"},
      {"batch", "missing.yaml"},
      {"batch", "empty"},
      {"batch", "web.yaml", "--parallel", "0"},
      {"batch", "web.yaml", "--parallel", "three"},
      {"batch", "web.yaml", "--max-retries", "-1"},
      {"batch", "web.yaml", "--timeout", "0"},
      {"batch", "web.yaml", "--rate-limit", "0"},
      {"batch", "web.yaml", "--concurrent-downloads", "0"},
      {"batch", "web.yaml", "--plan", "gold"},
      {"batch", "web.yaml", "--nonsense"},
      {"icons", "-i", "missing.yaml"},
      {"fetch"},
      {"fetch", "-f", "key", "-r", "Icons"},
      {"fetch", "-f", "key", "-r", "Icons", "-o", "out", "--scale", "4.5"},
      {"fetch", "-f", "key", "-r", "Icons", "-o", "out", "--format", "bmp"},
      {"fetch", "-f", "key", "-r", "Icons", "-o", "out", "--name-style", "wavy"},
  };
  for (const std::vector<std::string>& arguments : wrong) {
    SCOPED_TRACE(::testing::PrintToString(arguments));
    const ProcessResult result = workspace.gantry(arguments);
    EXPECT_TRUE(exits(2, result));
    EXPECT_THAT(result.out, IsEmpty());
    EXPECT_THAT(result.err, Not(IsEmpty()));
  }
  EXPECT_THAT(workspace.output(), IsEmpty());
}

TEST(Commands, ACommandWithoutAConfigurationSaysWhichNamesItLooksFor) {
  const Workspace workspace(kNowhere);
  const ProcessResult result = workspace.gantry({"icons"});
  EXPECT_TRUE(exits(2, result));
  EXPECT_THAT(result.err, HasSubstr("gantry.yaml"));
  EXPECT_THAT(result.err, HasSubstr("exfig.yaml"));
  EXPECT_THAT(result.err, HasSubstr("figma-export.yaml"));
}

TEST(Commands, AMissingTokenIsNamedBeforeAnythingIsAsked) {
  const Sandbox sandbox({"--icons", "5"});
  Workspace workspace(sandbox.base_url());
  workspace.add_web_config("web.yaml");
  const ProcessResult result = workspace.batch({}, {{"FIGMA_PERSONAL_TOKEN", std::nullopt}});
  EXPECT_NE(result.exit_code, 0);
  EXPECT_THAT(result.err, HasSubstr("FIGMA_PERSONAL_TOKEN"));
  EXPECT_EQ(sandbox.count("api.requests"), 0);
}

TEST(Commands, TheNameExfigMeansColorsAsItAlwaysDid) {
  const Workspace workspace(kNowhere);
  std::filesystem::create_symlink(gantry_program(), workspace / "exfig");
  Command bare = workspace.command({});
  bare.program = workspace / "exfig";
  Command named = workspace.command({"colors"});
  named.program = workspace / "exfig";
  const ProcessResult expected = run(named);
  const ProcessResult actual = run(bare);
  EXPECT_NE(expected.exit_code, 0) << "there is no configuration here";
  EXPECT_TRUE(exits(expected.exit_code, actual));
  EXPECT_EQ(actual.err, expected.err);
}

TEST(Configuration, AWrongTypeIsNamedWithFileLineAndColumn) {
  const Workspace workspace(kNowhere);
  write_text(workspace / "gantry.yaml",
             "figma:\n  lightFileId: sandbox-light\nweb:\n  output: [not, a, path]\n");
  const ProcessResult result = workspace.gantry({"icons"});
  EXPECT_TRUE(exits(2, result));
  EXPECT_THAT(result.err, HasSubstr("gantry.yaml:4:"));
  EXPECT_THAT(result.err, HasSubstr("output"));
}

TEST(Configuration, AnUnknownKeyIsAWarningWithTheNearestKnownOne) {
  const Sandbox sandbox({"--icons", "5"});
  Workspace workspace(sandbox.base_url());
  workspace.add_web_config("web.yaml");
  write_text(workspace / "web.yaml",
             read_text(workspace / "web.yaml") + "    generateReactComponent: true\n");
  const ProcessResult result = workspace.batch();
  EXPECT_TRUE(exits(0, result));
  EXPECT_THAT(result.err, HasSubstr("web.yaml:9:"));
  EXPECT_THAT(result.err, HasSubstr("generateReactComponents"));
}

TEST(Configuration, AnInvalidOneIsAFailedJobOfBatchAndTheOthersAreExported) {
  const Sandbox sandbox({"--icons", "5"});
  Workspace workspace(sandbox.base_url());
  workspace.add_web_config("configs/good.yaml");
  write_text(workspace / "configs/bad.yaml", "web:\n  icons: 7\n");
  write_text(workspace / "configs/.hidden.yaml", "web: [\n");
  write_text(workspace / "configs/deeper/bad.yaml", "web: [\n");
  const ProcessResult result = workspace.gantry({"batch", "configs"});
  EXPECT_TRUE(exits(1, result));
  EXPECT_THAT(result.err + result.out, HasSubstr("bad.yaml:"));
  EXPECT_THAT(result.err + result.out, Not(HasSubstr(".hidden")));
  EXPECT_THAT(result.err + result.out, Not(HasSubstr("deeper")));
  EXPECT_GT(count_of(workspace.output(), ".svg"), 0U);

  std::filesystem::remove(workspace / "configs/good.yaml");
  EXPECT_TRUE(exits(1, workspace.gantry({"batch", "configs"})));
}

TEST(Configuration, AFailedJobStopsTheOthersOnlyWhereThatIsAskedFor) {
  const Sandbox sandbox({"--icons", "5"});
  for (const bool fail_fast : {false, true}) {
    Workspace workspace(sandbox.base_url());
    workspace.add_web_config("configs/a.yaml", "out/a", "no-such-file", "");
    workspace.add_web_config("configs/b.yaml", "out/b");
    std::vector<std::string> arguments = {"batch", "configs", "--parallel", "1"};
    if (fail_fast) arguments.emplace_back("--fail-fast");
    const ProcessResult result = workspace.gantry(arguments);
    EXPECT_TRUE(exits(1, result));
    EXPECT_THAT(result.err + result.out, HasSubstr("no-such-file"));
    EXPECT_EQ(count_of(workspace.output(), ".svg") == 0, fail_fast);
  }
}

TEST(Configuration, TwoJobsThatWantOneOutputAreAConflict) {
  const Sandbox sandbox({"--icons", "5"});
  Workspace workspace(sandbox.base_url());
  workspace.add_web_config("a.yaml", "out");
  workspace.add_web_config("b.yaml", "./other/../out");
  const ProcessResult result = workspace.gantry({"batch", "a.yaml", "b.yaml"});
  EXPECT_TRUE(exits(3, result));
  EXPECT_THAT(result.err, HasSubstr("a.yaml"));
  EXPECT_THAT(result.err, HasSubstr("b.yaml"));
}

TEST(Streams, ProgressIsPlainWhereThereIsNoTerminalAndQuietIsQuiet) {
  const Sandbox sandbox({"--icons", "5"});
  Workspace workspace(sandbox.base_url());
  workspace.add_web_config("web.yaml");
  const ProcessResult plain = workspace.batch();
  EXPECT_TRUE(exits(0, plain));
  EXPECT_THAT(plain.err + plain.out, Not(HasSubstr("\x1b")));
  EXPECT_THAT(plain.err + plain.out, Not(HasSubstr("\r")));

  const ProcessResult quiet = workspace.batch({"-q"});
  EXPECT_TRUE(exits(0, quiet));
  EXPECT_THAT(quiet.err, IsEmpty());
}

}  // namespace
}  // namespace gantry::testing
