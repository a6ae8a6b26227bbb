// What `gantry mcp` offers to assistants that read components: their sources, demos, metadata and
// blocks, from the registries on GitHub.
#pragma once

#include <memory>
#include <string>

#include "gantry/async/task_scope.hpp"
#include "gantry/github/client.hpp"
#include "gantry/mcp/catalogue.hpp"
#include "gantry/net/admission.hpp"
#include "gantry/net/curl_transport.hpp"

namespace gantry::cli {

struct ComponentToolOptions {
  std::string framework = "react";
  std::string api_url = github::kPublicApi;
  std::string raw_url = github::kPublicRaw;
  Secret token;  // may be empty
  bool allow_plain_http = false;
};

// Io thread.
class ComponentTools {
 public:
  // The clock outlives it. kUsage for a framework that there is none of.
  ComponentTools(const async::any_io_executor& executor, async::Clock& clock,
                 ComponentToolOptions options);
  // Nothing is running: cancel() first.
  ~ComponentTools();

  // The handlers that are added use this object.
  void add_to(mcp::Catalogue& catalogue);
  // Cancels what is still asked, for nobody; it ends on the loop.
  void cancel() { scope_.cancel(); }
  std::size_t running() const { return scope_.running(); }

 private:
  void add_single(mcp::Catalogue& catalogue);
  void add_many(mcp::Catalogue& catalogue);
  void add_lists(mcp::Catalogue& catalogue);

  enum class Kind { kSource, kDemo, kMetadata, kBlock };
  async::awaitable<github::Answers> ask(Kind kind, std::vector<std::string> names,
                                        bool with_components);
  async::awaitable<mcp::ToolResult> one(Kind kind, std::string name, bool with_components);
  async::awaitable<mcp::ToolResult> many(Kind kind, boost::json::object arguments);
  async::awaitable<mcp::ToolResult> component_list();
  async::awaitable<mcp::ToolResult> block_list(std::optional<std::string> category);
  async::awaitable<mcp::ToolResult> directory(boost::json::object arguments);
  async::awaitable<mcp::ToolResult> storage_stats();
  batch::JobContext job();

  async::Clock& clock_;
  github::Registry registry_;
  ProgressSink progress_;
  async::TaskScope scope_;
  net::Admission admission_;
  net::CurlTransport transport_;
  net::Client http_;
  std::unique_ptr<github::Client> client_;
};

}  // namespace gantry::cli
