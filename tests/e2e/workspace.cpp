#include "tests/e2e/workspace.hpp"

#include <fmt/format.h>

#include "testing/data.hpp"
#include "testing/sandbox.hpp"

namespace gantry::testing {

namespace fs = std::filesystem;

Workspace::Workspace(std::string api_url) : api_url_(std::move(api_url)) {
  fs::create_directory(root_ / "work");
  fs::create_directory(root_ / "home");
}

void Workspace::add_web_config(const std::string& name, const std::string& output,
                               const std::string& light_key, const std::string& dark_key) {
  const std::string dark = dark_key.empty() ? "" : fmt::format("  darkFileId: {}\n", dark_key);
  write_text(folder() / name, fmt::format("figma:\n"
                                          "  lightFileId: {}\n"
                                          "{}"
                                          "web:\n"
                                          "  output: {}\n"
                                          "  icons:\n"
                                          "    outputDirectory: components\n"
                                          "    svgDirectory: svg\n",
                                          light_key, dark, output));
}

Command Workspace::command(std::vector<std::string> arguments, const Environment& changes) const {
  const std::string home = (root_ / "home").string();
  Command command{.program = gantry_program(),
                  .arguments = std::move(arguments),
                  .environment = {{"HOME", home},
                                  {"FIGMA_PERSONAL_TOKEN", std::string(kToken)},
                                  {"FIGMA_API_URL", api_url_},
                                  {"XDG_CACHE_HOME", std::nullopt},
                                  {"XDG_STATE_HOME", std::nullopt},
                                  {"http_proxy", std::nullopt},
                                  {"https_proxy", std::nullopt},
                                  {"HTTPS_PROXY", std::nullopt},
                                  {"all_proxy", std::nullopt},
                                  {"ALL_PROXY", std::nullopt}},
                  .working_folder = folder(),
                  .time_limit = std::chrono::seconds(100)};
  for (const auto& [name, value] : changes) command.environment[name] = value;
  return command;
}

ProcessResult Workspace::gantry(std::vector<std::string> arguments,
                                const Environment& changes) const {
  return run(command(std::move(arguments), changes));
}

ProcessResult Workspace::exfig(std::vector<std::string> arguments,
                               const Environment& changes) const {
  const fs::path link = root_ / "exfig";
  if (!fs::exists(link)) fs::create_symlink(gantry_program(), link);
  Command command = this->command(std::move(arguments), changes);
  command.program = link;
  return run(command);
}

ProcessResult Workspace::batch(const std::vector<std::string>& more,
                               const Environment& changes) const {
  std::vector<std::string> arguments = {"batch", "web.yaml", "--rate-limit", "100000"};
  arguments.insert(arguments.end(), more.begin(), more.end());
  return gantry(std::move(arguments), changes);
}

::testing::AssertionResult exits(int expected, const ProcessResult& result) {
  if (result.exit_code == expected) return ::testing::AssertionSuccess();
  const std::string ending = result.timed_out ? "was killed at its time limit"
                                              : fmt::format("ended with exit code {}, signal {}",
                                                            result.exit_code, result.signal);
  return ::testing::AssertionFailure()
         << ending << " instead of exit code " << expected << "\nstdout:\n"
         << result.out << "\nstderr:\n"
         << result.err;
}

std::size_t count_of(const Tree& tree, std::string_view extension) {
  std::size_t count = 0;
  for (const auto& [name, bytes] : tree) {
    if (name.ends_with(extension)) ++count;
  }
  return count;
}

Tree clean_output(const std::vector<std::string>& flags) {
  const Sandbox sandbox(flags);
  Workspace workspace(sandbox.base_url());
  workspace.add_web_config("web.yaml");
  const ProcessResult result = workspace.batch();
  EXPECT_TRUE(exits(0, result));
  return workspace.output();
}

Environment with_faults(Environment faults) {
  faults["LD_PRELOAD"] = GANTRY_FAULTS_LIBRARY;
  return faults;
}

}  // namespace gantry::testing
