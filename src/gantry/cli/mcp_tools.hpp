// What `gantry mcp` offers to assistants: the exports of configurations, and the state of batches.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include <boost/asio/io_context.hpp>

#include "gantry/async/clock.hpp"
#include "gantry/async/semaphore.hpp"
#include "gantry/cli/settings.hpp"
#include "gantry/jobs/design_export.hpp"
#include "gantry/mcp/catalogue.hpp"

namespace gantry::cli {

struct McpToolOptions {
  std::vector<std::filesystem::path> paths;  // configurations, or folders of them
  RunFlags run;
  std::string server;  // of `gantry serve`
};

// Io thread. Nothing outside of the configurations in `paths` is read or exported.
class McpTools {
 public:
  // The loop outlives it.
  McpTools(boost::asio::io_context& loop, async::Clock& clock, McpToolOptions options);

  // The handlers that are added use this object.
  void add_to(mcp::Catalogue& catalogue);

 private:
  void add_list_exports(mcp::Catalogue& catalogue);
  void add_exports(mcp::Catalogue& catalogue);
  void add_batch_status(mcp::Catalogue& catalogue);
  void add_resources(mcp::Catalogue& catalogue);
  void add_prompts(mcp::Catalogue& catalogue);

  std::vector<jobs::DesignJob> find_jobs() const;
  std::vector<jobs::DesignJob> chosen_jobs(const boost::json::object& arguments) const;
  std::vector<std::string> names_beginning_with(const std::string& text) const;
  std::string text_of(const std::string& name) const;

  async::awaitable<mcp::ToolResult> list_exports();
  async::awaitable<mcp::ToolResult> plan_export(boost::json::object arguments,
                                                mcp::Context& context);
  async::awaitable<mcp::ToolResult> run_export(boost::json::object arguments,
                                               mcp::Context& context);
  async::awaitable<mcp::ToolResult> export_jobs(std::vector<jobs::DesignJob> jobs,
                                                output::Mode mode, mcp::Context& context);
  async::awaitable<mcp::ToolResult> batch_status(boost::json::object arguments);
  async::awaitable<std::string> read_configuration(std::string name);
  async::awaitable<boost::json::array> prompt_to_review(std::string name);
  async::awaitable<boost::json::array> prompt_to_repair(std::string name);

  boost::asio::io_context& loop_;
  async::Clock& clock_;
  McpToolOptions options_;
  async::Semaphore turn_;  // of exports: they share files and limits
};

}  // namespace gantry::cli
