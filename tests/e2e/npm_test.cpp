// What other people's tools say of Gantry: Figma's official OpenAPI of its requests, TypeScript of
// the components it writes. Skipped where npm cannot install them.
#include "testing/npm.hpp"

#include <filesystem>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "testing/data.hpp"
#include "testing/sandbox.hpp"
#include "tests/e2e/workspace.hpp"

namespace gantry::testing {
namespace {

using ::testing::HasSubstr;

TEST(OpenApi, HasEveryRequestThatGantryMakes) {
  TemporaryFolder folder;
  const std::string log = (folder / "requests.jsonl").string();
  Sandbox sandbox({"--icons", "150", "--meta", "forbidden", "--log-requests", log, "--fault-5xx",
                   "5", "--render-timeout-above", "60"});
  Workspace workspace(sandbox.base_url());
  workspace.add_web_config("web.yaml");
  EXPECT_TRUE(exits(0, workspace.batch()));
  for (const char* format : {"svg", "png", "jpg", "pdf"}) {
    EXPECT_TRUE(exits(0, workspace.gantry({"fetch", "-f", "sandbox-light", "-r", "Icons", "-o",
                                           format, "--format", format, "--rate-limit", "100000"})));
  }
  EXPECT_TRUE(
      exits(0, workspace.gantry({"fetch", "-f", "sandbox-dark", "-r", "Icons", "-o", "scaled",
                                 "--format", "png", "--scale", "0.5", "--rate-limit", "100000"})));
  sandbox.stop();
  const std::string requests = read_text(log);
  EXPECT_THAT(requests, HasSubstr("/meta"));
  EXPECT_THAT(requests, HasSubstr("depth=1"));
  EXPECT_THAT(requests, HasSubstr("/components"));
  EXPECT_THAT(requests, HasSubstr("scale=0.5"));

  const ProcessResult result =
      run_with_npm("openapi", "apps/sandbox/openapi/check_requests.mjs", log);
  if (result.exit_code == kSkippedWithoutNpm) GTEST_SKIP() << result.out;
  EXPECT_TRUE(exits(0, result));
}

// A configuration whose icons are real ones where there are any, else drawn by the sandbox.
class TypeScript : public ::testing::Test {
 protected:
  // Exports with React components and compiles them; returns what the compiler run says.
  ProcessResult compile_export(const std::vector<std::string>& sandbox_flags,
                               const std::string& file_key) {
    const Sandbox sandbox(sandbox_flags);
    Workspace workspace(sandbox.base_url());
    workspace.add_web_config("web.yaml", "out", file_key, "");
    EXPECT_TRUE(exits(0, workspace.batch()));
    components_ = count_of(workspace.output(), ".tsx");
    return run_with_npm("typescript", "tests/typescript/compile.mjs", (workspace / "out").string());
  }

  std::vector<std::string> flags_for_real_icons() const {
    unpack_xz(*shared_data() / "figma/fdb-components-3718.json.xz", folder_ / "components.json");
    std::filesystem::create_directory(folder_ / "icons");
    unpack_xz(*shared_data() / "icons/svg-icons.tar.xz", folder_ / "icons");
    return {"--components", (folder_ / "components.json").string(), "--icons-from",
            (folder_ / "icons").string()};
  }

  TemporaryFolder folder_;
  std::size_t components_ = 0;
};

TEST_F(TypeScript, CompilesEveryComponentStrictly) {
  const ProcessResult result =
      shared_data() ? compile_export(flags_for_real_icons(), "YfHPTyArBQBSpLmaPlZyUk")
                    : compile_export({"--icons", "500"}, "sandbox-light");
  if (result.exit_code == kSkippedWithoutNpm) GTEST_SKIP() << result.out;
  EXPECT_TRUE(exits(0, result));
  EXPECT_GT(components_, 400U);
  EXPECT_THAT(result.out, HasSubstr(fmt::format("{} components compiled", components_)));
}

TEST_F(TypeScript, FindsAComponentThatIsWrong) {
  write_text(folder_ / "Wrong.tsx", "export const Wrong = () => <svg width={{}} />;\n");
  const ProcessResult result =
      run_with_npm("typescript", "tests/typescript/compile.mjs", folder_.path().string());
  if (result.exit_code == kSkippedWithoutNpm) GTEST_SKIP() << result.out;
  EXPECT_TRUE(exits(1, result));
  EXPECT_THAT(result.err, HasSubstr("Wrong.tsx"));
}

}  // namespace
}  // namespace gantry::testing
