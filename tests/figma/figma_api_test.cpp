// The typed Figma API over real sockets, beyond what an export of icons asks for.
#include <algorithm>
#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gantry/base/error.hpp"
#include "gantry/jobs/engine.hpp"

#include "testing/files.hpp"
#include "testing/io_loop.hpp"
#include "testing/npm.hpp"
#include "testing/sandbox.hpp"

namespace gantry::testing {
namespace {

using ::testing::HasSubstr;

class FigmaApi : public ::testing::Test {
 protected:
  jobs::EngineOptions options() const { return options_for(sandbox_); }
  static jobs::EngineOptions options_for(const Sandbox& sandbox) {
    jobs::EngineOptions options;
    options.api_url = sandbox.base_url();
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

TEST_F(FigmaApi, NodesThatAreTooManyForOneCallAreAskedForInParts) {
  Sandbox strict({"--icons", "40", "--max-ids", "10"});
  jobs::Engine engine(loop_, options_for(strict), progress_);
  figma::Components components =
      run_for(loop_, engine.figma().components("sandbox-light", context()));
  std::vector<std::string> ids;
  for (const figma::Component& component : *components) ids.push_back(component.node_id);
  ASSERT_GT(ids.size(), 20U);
  for (const auto& [id, node] :
       run_for(loop_, engine.figma().nodes("sandbox-light", ids, context()))) {
    EXPECT_TRUE(node) << id;
  }
  auto looks = run_for(loop_, engine.figma().fingerprints().get("sandbox-light", ids, context()));
  for (const auto& look : looks) EXPECT_TRUE(look && *look);
}

TEST_F(FigmaApi, FetchesWhatAFilePublishesOnceARun) {
  jobs::Engine engine(loop_, options(), progress_);
  for (int i = 0; i < 3; ++i) {
    run_for(loop_, engine.figma().components("sandbox-light", context()));
    run_for(loop_, engine.figma().meta("sandbox-light", context()));
    run_for(loop_, engine.figma().styles("sandbox-light", context()));
    run_for(loop_, engine.figma().variables("sandbox-light", context()));
  }
  EXPECT_EQ(sandbox_.count("api.requests"), 4);
  EXPECT_EQ(sandbox_.count("api.max_calls_in_window.tier2"), 1) << "variables";
  EXPECT_EQ(sandbox_.count("api.max_calls_in_window.tier3"), 3);
}

TEST_F(FigmaApi, ReadsTheColoursAndTextsOfStyles) {
  jobs::Engine engine(loop_, options(), progress_);
  figma::Styles styles = run_for(loop_, engine.figma().styles("sandbox-light", context()));
  std::vector<std::string> ids;
  for (const figma::Style& style : *styles) ids.push_back(style.node_id);
  figma::Nodes nodes = run_for(loop_, engine.figma().nodes("sandbox-light", ids, context()));
  std::size_t colors = 0;
  std::size_t gradients = 0;
  std::size_t texts = 0;
  for (const figma::Style& style : *styles) {
    const auto& node = nodes.at(style.node_id);
    ASSERT_TRUE(node) << style.name;
    EXPECT_EQ(node->name, style.name);
    EXPECT_EQ(node->text.has_value(), style.type == figma::StyleType::kText) << style.name;
    if (node->text) {
      EXPECT_GE(node->text->size, 8) << style.name;
      ++texts;
    } else if (style.type == figma::StyleType::kFill) {
      ASSERT_EQ(node->fills.size(), 1U) << style.name;
      ++(node->fills[0].kind == figma::Paint::Kind::kSolid ? colors : gradients);
    }
  }
  EXPECT_EQ(colors, 240U);
  EXPECT_EQ(gradients, 1U);
  EXPECT_EQ(texts, 20U);
}

// The colour of a variable in a mode, through the aliases of the sandbox, which end.
figma::Color color_of(const figma::Variables& all, const std::string& id, const std::string& mode) {
  const figma::Variable& variable = all.variables.at(id);
  const figma::VariableValue& value = variable.values.at(mode);
  if (const auto* alias = std::get_if<figma::VariableAlias>(&value)) {
    const std::string& collection = all.variables.at(alias->id).collection_id;
    return color_of(all, alias->id, all.collections.at(collection).default_mode_id);
  }
  return std::get<figma::Color>(value);
}

TEST_F(FigmaApi, ReadsVariablesWithTheColoursOfTheStyles) {
  jobs::Engine engine(loop_, options(), progress_);
  figma::Styles styles = run_for(loop_, engine.figma().styles("sandbox-dark", context()));
  std::map<std::string, std::string> node_of;
  std::vector<std::string> ids;
  for (const figma::Style& style : *styles) {
    node_of[style.name] = style.node_id;
    ids.push_back(style.node_id);
  }
  figma::Nodes nodes = run_for(loop_, engine.figma().nodes("sandbox-dark", ids, context()));
  figma::LocalVariables all = run_for(loop_, engine.figma().variables("sandbox-dark", context()));
  std::size_t compared = 0;
  for (const auto& [id, collection] : all->collections) {
    if (collection.name != "Colors") continue;
    ASSERT_EQ(collection.modes.size(), 2U);
    EXPECT_EQ(collection.modes[1].name, "Dark");
    for (const std::string& variable : collection.variable_ids) {
      auto node = node_of.find(all->variables.at(variable).name);
      if (node == node_of.end()) continue;
      const figma::Paint& paint = nodes.at(node->second)->fills.at(0);
      figma::Color color = paint.color;
      color.a = paint.opacity.value_or(color.a);
      EXPECT_EQ(color, color_of(*all, variable, collection.modes[1].id)) << node->first;
      ++compared;
    }
  }
  EXPECT_EQ(compared, 240U);
}

TEST_F(FigmaApi, SaysWhatVariablesNeedWhereTheyAreDenied) {
  Sandbox sandbox({"--icons", "10", "--variables", "forbidden"});
  jobs::Engine engine(loop_, options_for(sandbox), progress_);
  try {
    run_for(loop_, engine.figma().variables("sandbox-light", context()));
    FAIL() << "must throw";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kForbidden);
    EXPECT_EQ(error.scope(), Scope::kItem);
    EXPECT_THAT(error.message(), HasSubstr("Limited by Figma plan"));
    EXPECT_THAT(error.message(), HasSubstr("Enterprise"));
    EXPECT_THAT(error.message(), HasSubstr("file_variables:read"));
  }
  EXPECT_FALSE(run_for(loop_, engine.figma().styles("sandbox-light", context()))->empty())
      << "other calls go on";
}

TEST_F(FigmaApi, CarriesTrapsToWhoeverResolvesThem) {
  Sandbox sandbox({"--hostile"});
  jobs::Engine engine(loop_, options_for(sandbox), progress_);
  figma::LocalVariables all =
      run_for(loop_, engine.figma().variables("sandbox-hostile", context()));
  EXPECT_EQ(all->variables.at("VariableID:666:1").values.at("666:0"),
            figma::VariableValue(figma::VariableAlias{"VariableID:666:1"}));
  figma::Styles styles = run_for(loop_, engine.figma().styles("sandbox-hostile", context()));
  EXPECT_TRUE(std::ranges::any_of(
      *styles, [](const figma::Style& style) { return style.name == "../../x"; }));
}

TEST_F(FigmaApi, AsksAsFigmasOpenApiSays) {
  TemporaryFolder folder;
  const std::string log = (folder / "requests.jsonl").string();
  Sandbox sandbox({"--icons", "10", "--hostile", "--log-requests", log});
  jobs::Engine engine(loop_, options_for(sandbox), progress_);
  run_for(loop_, engine.figma().meta("sandbox-light", context()));
  run_for(loop_, engine.figma().components("sandbox-light", context()));
  run_for(loop_, engine.figma().component_sets("sandbox-light", context()));
  run_for(loop_, engine.figma().styles("sandbox-light", context()));
  run_for(loop_, engine.figma().variables("sandbox-light", context()));
  run_for(loop_, engine.figma().nodes("sandbox-light", {"10:100", "I3:4;5:6"}, context()));
  std::vector<std::string> ids{"10:100", "I3:4;5:6"};
  run_for(loop_, engine.figma().addresses().get("sandbox-light", {}, ids, context()));
  sandbox.stop();
  const ProcessResult result =
      run_with_npm("openapi", "apps/sandbox/openapi/check_requests.mjs", log);
  if (result.exit_code == kSkippedWithoutNpm) GTEST_SKIP() << result.out;
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("7 of 7 requests"));
}

async::awaitable<void> ask_for(figma::AddressBook& addresses, std::vector<std::string> ids,
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
  figma::AddressBook& addresses = engine.figma().addresses();
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
