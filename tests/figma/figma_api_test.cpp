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

async::awaitable<void> ask_for(figma::Addresses& addresses, std::vector<std::string> ids,
                               batch::JobContext job, std::size_t& known) {
  auto answers = co_await addresses.get("sandbox-light", {}, std::move(ids), std::move(job));
  for (const auto& answer : answers) known += answer ? 1 : 0;
}

TEST_F(FigmaApi, AddressesThatManyWantAtATimeShareFullCalls) {
  jobs::Engine engine(loop_, options(), progress_);
  figma::Components components =
      run_for(loop_, engine.figma().components("sandbox-light", context()));
  std::size_t known = 0;
  for (std::size_t job = 0; job < 8; ++job) {
    std::vector<std::string> ids;
    for (std::size_t i = job * 25; i < job * 25 + 25; ++i) ids.push_back((*components)[i].node_id);
    batch::JobContext lane = context();
    lane.lane = static_cast<net::Lane>(job);
    engine.scope().spawn(ask_for(engine.figma().addresses(), ids, lane, known));
  }
  run(loop_, engine.scope().join());
  EXPECT_EQ(known, 200u);
  EXPECT_EQ(sandbox_.count("api.by_endpoint.GET /v1/images/:key"), 2);
}

TEST_F(FigmaApi, AnAddressThatIsRefusedIsAskedForAgainWithAllThatCameWithIt) {
  jobs::Engine engine(loop_, options(), progress_);
  figma::Components components =
      run_for(loop_, engine.figma().components("sandbox-light", context()));
  std::vector<std::string> ids;
  for (std::size_t i = 0; i < 50; ++i) ids.push_back((*components)[i].node_id);
  figma::Addresses& addresses = engine.figma().addresses();
  auto first = run_for(loop_, addresses.get("sandbox-light", {}, ids, context()));
  for (std::size_t i = 0; i < ids.size(); ++i) {
    std::string fresh =
        run_for(loop_, addresses.get_one("sandbox-light", {}, ids[i], *first[i], context()));
    EXPECT_FALSE(fresh.empty());
  }
  auto calls = sandbox_.count("api.by_endpoint.GET /v1/images/:key");
  EXPECT_EQ(calls, 2) << "calls for " << ids.size() << " refused addresses";
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
