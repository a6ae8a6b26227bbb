// The typed Figma API over real sockets, beyond what an export of icons asks for.
#include <filesystem>
#include <set>
#include <string>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

#include "gantry/base/error.hpp"
#include "gantry/jobs/engine.hpp"

#include "testing/io_loop.hpp"
#include "testing/sandbox.hpp"

namespace gantry::testing {
namespace {

class FigmaApi : public ::testing::Test {
 protected:
  jobs::EngineOptions options() const {
    jobs::EngineOptions options;
    options.api_url = sandbox_.base_url();
    options.token = Secret("figd_test");
    options.rate_limit = 100'000;
    return options;
  }

  batch::JobContext context() {
    batch::JobContext context;
    context.name = "test";
    context.progress = &progress_;
    return context;
  }

  Sandbox sandbox_{{"--icons", "250"}};
  boost::asio::io_context loop_;
  ProgressSink progress_;
};

TEST_F(FigmaApi, ReadsComponentSetsWithTheirNames) {
  jobs::Engine engine(loop_, options(), progress_);
  figma::Components sets =
      run_for(loop_, engine.figma().component_sets("sandbox-light", context()));
  figma::Components components =
      run_for(loop_, engine.figma().components("sandbox-light", context()));
  std::set<std::string> names;
  for (const figma::Component& set : *sets) names.insert(set.name);
  ASSERT_FALSE(names.empty());
  std::size_t variants = 0;
  for (const figma::Component& component : *components) {
    if (!component.set) continue;
    ++variants;
    EXPECT_TRUE(names.contains(component.set->name)) << component.set->name;
  }
  EXPECT_GT(variants, names.size());
}

TEST_F(FigmaApi, ReadsNodesInChunksAndSaysWhichAreNotThere) {
  jobs::Engine engine(loop_, options(), progress_);
  figma::Components components =
      run_for(loop_, engine.figma().components("sandbox-light", context()));
  std::vector<std::string> ids{"999:999"};
  for (const figma::Component& component : *components) ids.push_back(component.node_id);
  auto nodes = run_for(loop_, engine.figma().nodes("sandbox-light", ids, context()));
  EXPECT_EQ(nodes.size(), ids.size());
  EXPECT_FALSE(nodes.at("999:999"));
  for (const figma::Component& component : *components) {
    ASSERT_TRUE(nodes.at(component.node_id)) << component.node_id;
    EXPECT_EQ(nodes.at(component.node_id)->name, component.name);
  }
  auto calls = static_cast<std::size_t>(sandbox_.count("api.by_endpoint.GET /v1/files/:key/nodes"));
  EXPECT_EQ(calls, (ids.size() + figma::kIdsInOneCall - 1) / figma::kIdsInOneCall);
}

TEST_F(FigmaApi, FetchesWhatAFilePublishesOnceARun) {
  jobs::Engine engine(loop_, options(), progress_);
  for (int i = 0; i < 3; ++i) {
    run_for(loop_, engine.figma().components("sandbox-light", context()));
    run_for(loop_, engine.figma().meta("sandbox-light", context()));
  }
  EXPECT_EQ(sandbox_.count("api.requests"), 2);
}

TEST_F(FigmaApi, AnUnknownFileIsNamed) {
  jobs::Engine engine(loop_, options(), progress_);
  try {
    run_for(loop_, engine.figma().components("no-such-file", context()));
    FAIL() << "must throw";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kNotFound);
    EXPECT_NE(error.message().find("no-such-file"), std::string::npos);
  }
}

}  // namespace
}  // namespace gantry::testing
