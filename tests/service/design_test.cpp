// Exports from Figma by gantry serve.
#include <filesystem>
#include <string>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/service/server.hpp"

namespace gantry::testing {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;
using ::testing::HasSubstr;
using ::testing::Not;

const std::vector<std::string> kIcons = {"--icons", "6", "--arke-entities", "10"};

std::string web_config(const std::string& output = "out", const std::string& more = "") {
  return fmt::format(R"({{"figma":{{"lightFileId":"sandbox-light"}},)"
                     R"("web":{{"output":"{}","icons":{{"outputDirectory":"components",)"
                     R"("svgDirectory":"svg"}}}}{}}})",
                     output, more);
}

std::string entry(const std::string& name, const std::string& config) {
  return fmt::format(R"({{"name":"{}","config":{}}})", name, config);
}

std::string batch_of(const std::string& entries) { return "{\"configs\":[" + entries + "]}"; }

// What is in a ZIP.
Tree unzipped(const Workspace& workspace, const std::string& bytes) {
  const fs::path file = workspace / "download.zip";
  write_text(file, bytes);
  const fs::path folder = workspace / "unzipped";
  fs::remove_all(folder);
  EXPECT_TRUE(exits(
      0, run({.program = "unzip", .arguments = {"-q", file.string(), "-d", folder.string()}})));
  return tree_of(folder);
}

TEST(ServeDesign, ExportsAConfigurationToAZipOfWhatBatchWrites) {
  Server server(kIcons);
  const HttpAnswer answer = server.post("/export/design", entry("web", web_config()));
  ASSERT_EQ(answer.status, 202) << answer.body;
  const std::string task(json::parse(answer.body).at("task_id").as_string());
  EXPECT_THAT(task, HasSubstr("export_design_"));
  const json::object status = server.wait_for_task(task);
  EXPECT_EQ(status.at("status").as_string(), "success") << json::serialize(status);
  EXPECT_EQ(status.at("name").as_string(), "web");
  EXPECT_FALSE(status.contains("pi"));
  EXPECT_EQ(status.at("output_file_name").as_string(), "web.zip");
  EXPECT_EQ(status.at("metrics").at("entities_exported").as_int64(), 6);
  const HttpAnswer zip = server.get("/download/" + task);
  EXPECT_EQ(zip.headers.at("content-type"), "application/zip");
  Tree tree = unzipped(server.workspace(), zip.body);
  EXPECT_EQ(count_of(tree, ".svg"), 6u);
  // The same as from the command line, with its lock file.
  Workspace other(*server.workspace().command({}).environment.at("FIGMA_API_URL"));
  other.add_web_config("web.yaml", "out", "sandbox-light", "");
  EXPECT_TRUE(exits(0, other.batch()));
  Tree expected;
  for (const auto& [path, bytes] : other.output()) expected["out/" + path] = bytes;
  EXPECT_TRUE(same_tree(expected, tree));
  // The token is nowhere in what the server keeps.
  for (const auto& [path, bytes] : tree_of(server.workspace() / "data")) {
    EXPECT_THAT(bytes, Not(HasSubstr(std::string(kToken)))) << path;
  }
}

TEST(ServeDesign, ABatchIsOneZipOfZipsAndEqualExportsAreEqualBytes) {
  Server server(kIcons);
  const HttpAnswer answer =
      server.post("/export/design/batch",
                  batch_of(entry("a", web_config()) + "," + entry("b", web_config()) + "," +
                           entry("missing", R"({"figma":{"lightFileId":"no-such-file"},)"
                                            R"("web":{"output":"out","icons":{}}})")));
  ASSERT_EQ(answer.status, 202) << answer.body;
  const std::string batch(json::parse(answer.body).at("batch_id").as_string());
  const json::object status = server.wait_for(batch);
  EXPECT_EQ(status.at("format").as_string(), "design");
  EXPECT_EQ(status.at("completed").as_int64(), 2) << json::serialize(status);
  const json::array& tasks = status.at("tasks").as_array();
  EXPECT_EQ(tasks.at(2).at("name").as_string(), "missing");
  EXPECT_EQ(tasks.at(2).at("status").as_string(), "error");
  EXPECT_EQ(tasks.at(2).at("attempts").as_int64(), 1) << "what is not there is not tried again";
  const Tree tree = unzipped(server.workspace(), server.get("/download/batch/" + batch).body);
  ASSERT_TRUE(tree.contains("a.zip") && tree.contains("b.zip"));
  EXPECT_TRUE(tree.at("a.zip") == tree.at("b.zip"));
  // A task that has failed can be done again: its configuration is kept.
  EXPECT_EQ(server.post("/batches/" + batch + "/retry", "").status, 202);
  EXPECT_EQ(server.wait_for(batch).at("tasks").at(2).at("attempts").as_int64(), 2);
}

TEST(ServeDesign, AConfigurationIsDataAndEveryFaultHasAPointer) {
  Server server(kIcons);
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"5", "/configs/0/config"},
      {R"({"figma":{"lightFileId":"x"}})", "/configs/0/config"},
      {web_config("/etc"), "/configs/0/config/web/output"},
      {web_config("../x"), "/configs/0/config/web/output"},
      {web_config("a/../../x"), "/configs/0/config/web/output"},
      {web_config("~/x"), "/configs/0/config/web/output"},
      {web_config("out", R"(,"gantry":{"report":"/tmp/x"})"), "/configs/0/config/gantry"},
      {web_config("out", R"(,"common":{"cache":{"path":"x"}})"), "/configs/0/config/common/cache"},
      {web_config("out", R"(,"<<":{"gantry":{"report":"x"}})"), "/configs/0/config/<<"},
      {R"({"figma":{"lightFileId":"x"},"web":{"output":"o","templatesPath":"t","icons":{}}})",
       "/configs/0/config/web/templatesPath"},
      {R"({"figma":{"lightFileId":"x"},"web":{"output":"o","icons":{"iconSize":"big"}}})",
       "/configs/0/config/web/icons/iconSize"},
      {R"({"figma":{"lightFileId":"x"},"web":{"icons":[{"svgDirectory":"/a"}],"output":"o"}})",
       "/configs/0/config/web/icons/0/svgDirectory"},
      {R"({"figma":{"lightFileId":"x"},"web":{"icons":{}}})", "/configs/0/config/web"},
  };
  for (const auto& [config, pointer] : cases) {
    const HttpAnswer answer = server.post("/export/design/batch", batch_of(entry("a", config)));
    EXPECT_EQ(answer.status, 400) << config;
    EXPECT_EQ(json::parse(answer.body).at("errors").at(0).at("pointer").as_string(), pointer)
        << answer.body;
  }
  const std::string good = entry("a", web_config());
  const std::vector<std::pair<std::string, std::string>> bodies = {
      {"{}", "/configs"},
      {batch_of(""), "/configs"},
      {batch_of("5"), "/configs/0"},
      {batch_of(good + "," + good), "/configs/1/name"},
      {batch_of(entry("../a", web_config())), "/configs/0/name"},
      {batch_of("{\"config\":" + web_config() + "}"), "/configs/0/name"},
      {batch_of(R"({"name":"a"})"), "/configs/0/config"},
      {batch_of(R"({"name":"a","token":"x","config":)" + web_config() + "}"), "/configs/0/token"},
      {"{\"configs\":[" + good + "],\"options\":{}}", "/options"},
  };
  for (const auto& [body, pointer] : bodies) {
    const HttpAnswer answer = server.post("/export/design/batch", body);
    EXPECT_EQ(answer.status, 400) << body;
    EXPECT_EQ(json::parse(answer.body).at("errors").at(0).at("pointer").as_string(), pointer)
        << answer.body;
  }
  EXPECT_EQ(json::parse(server.get("/batches").body).at("batches").as_array().size(), 0u);
}

TEST(ServeDesign, AKeyReadsItsOwnFilesOnly) {
  Workspace folder("http://127.0.0.1:1");
  // Of the text "creator".
  write_text(folder / "keys",
             "c create,read bc6bfd848ebd7819c9a82bf124d65e7f739d08e002601e23bb906aacd40a3d81 "
             "files=sandbox-light,other\n");
  Server server(kIcons, {"--api-keys", (folder / "keys").string()});
  const std::vector<std::string> key = {"Authorization: Bearer creator"};
  EXPECT_EQ(server.post("/export/design", entry("a", web_config()), key).status, 202);
  const std::string dark = R"({"figma":{"lightFileId":"sandbox-light","darkFileId":"secret"},)"
                           R"("web":{"output":"out","icons":{}}})";
  const HttpAnswer refused = server.post("/export/design", entry("a", dark), key);
  EXPECT_EQ(refused.status, 400);
  EXPECT_THAT(refused.body, HasSubstr("/config/figma/darkFileId is not among the files"));
}

TEST(ServeDesign, WithoutATokenTheTaskSaysSo) {
  Server server(kIcons, {}, {{"FIGMA_PERSONAL_TOKEN", std::nullopt}});
  const HttpAnswer answer = server.post("/export/design", entry("web", web_config()));
  const json::object status =
      server.wait_for_task(std::string(json::parse(answer.body).at("task_id").as_string()));
  EXPECT_EQ(status.at("error_code").as_string(), "unauthorized") << json::serialize(status);
  EXPECT_THAT(std::string(status.at("error").as_string()), HasSubstr("FIGMA_PERSONAL_TOKEN"));
}

}  // namespace
}  // namespace gantry::testing
