// A working folder with a home of its own in which the built gantry is run against a sandbox.
//
//   Sandbox sandbox({"--icons", "20"});
//   Workspace workspace(sandbox.base_url());
//   workspace.add_web_config("web.yaml");
//   EXPECT_EQ(workspace.gantry({"batch", "web.yaml"}).exit_code, 0);
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "testing/files.hpp"
#include "testing/process.hpp"

namespace gantry::testing {

// The token that every run has; it must appear in no file and on no stream.
inline constexpr std::string_view kToken = "figd_0123456789-never-to-be-seen";

using Environment = std::map<std::string, std::optional<std::string>>;

class Workspace {
 public:
  explicit Workspace(std::string api_url);

  // The folder in which gantry runs.
  std::filesystem::path folder() const { return root_ / "work"; }
  // What is written there and in the home folder.
  const std::filesystem::path& root() const { return root_.path(); }
  std::filesystem::path operator/(std::string_view name) const { return folder() / name; }

  // Writes a configuration that exports light and, with a key for them, dark icons to `output`.
  void add_web_config(const std::string& name, const std::string& output = "out",
                      const std::string& light_key = "sandbox-light",
                      const std::string& dark_key = "sandbox-dark");

  // The command that runs gantry here; `changes` come on top of the environment of the workspace.
  Command command(std::vector<std::string> arguments, const Environment& changes = {}) const;
  ProcessResult gantry(std::vector<std::string> arguments, const Environment& changes = {}) const;
  // The same under the name that it has always had: a link to the program, as it is installed.
  ProcessResult exfig(std::vector<std::string> arguments, const Environment& changes = {}) const;
  // `gantry batch` on the configuration "web.yaml" without a limit of calls, and `more` flags.
  ProcessResult batch(const std::vector<std::string>& more = {},
                      const Environment& changes = {}) const;

  Tree output(std::string_view name = "out") const { return tree_of(folder() / name); }
  void set_api_url(std::string api_url) { api_url_ = std::move(api_url); }

 private:
  TemporaryFolder root_;
  std::string api_url_;
};

// Whether the exit code is as expected; a failure shows the streams.
::testing::AssertionResult exits(int expected, const ProcessResult& result);

// Files of the tree whose name ends in `extension`.
std::size_t count_of(const Tree& tree, std::string_view extension);

// What a faultless run exports: `flags` are those of the sandbox.
Tree clean_output(const std::vector<std::string>& flags);

// The preloaded faults of tests/preload/faults.c, to be added to an environment.
Environment with_faults(Environment faults);

}  // namespace gantry::testing
