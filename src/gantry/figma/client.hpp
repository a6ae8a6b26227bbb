// The Figma REST API, typed: what a file holds and where its drawings can be downloaded.
//
// A file's metadata, components, styles and variables are fetched once a run, whoever asks. Errors
// say in Figma's words and ours what is wrong and what to do; those that spoil every call with the
// same token (401, an invalid token) have Scope::kRun. Io thread.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gantry/batch/flights.hpp"
#include "gantry/batch/job_context.hpp"
#include "gantry/figma/budgets.hpp"
#include "gantry/figma/model/model.hpp"
#include "gantry/figma/model/nodes.hpp"
#include "gantry/figma/model/styles.hpp"
#include "gantry/figma/model/variables.hpp"
#include "gantry/net/client.hpp"

namespace gantry::figma {

inline constexpr const char* kPublicApi = "https://api.figma.com";
// Figma documents no limit; more than this is known to fail in rendering.
inline constexpr std::size_t kIdsInOneCall = 100;

struct ClientOptions {
  std::string base_url = kPublicApi;  // without "/v1"
  Secret token;                       // may be empty where answers are replayed
  Budgets budgets;
  net::RetryPolicy retry;
  std::string pool = "api";  // of the admission queue
};

enum class ImageFormat { kSvg, kPng, kJpg, kPdf };
std::string_view to_string(ImageFormat format);

// How a node is drawn. The scale counts for PNG and JPEG only.
struct RenderOptions {
  ImageFormat format = ImageFormat::kSvg;
  double scale = 1;

  // The query of GET /v1/images without its ids; also part of what names a drawing.
  std::string query() const;
};

using Components = std::shared_ptr<const std::vector<Component>>;
using Styles = std::shared_ptr<const std::vector<Style>>;
using LocalVariables = std::shared_ptr<const Variables>;

class Client {
 public:
  Client(const async::any_io_executor& executor, async::TaskScope& scope, net::Client& http,
         ClientOptions options);

  // By the cheap endpoint, or by /v1/files?depth=1 where the token may not use it.
  async::awaitable<FileMeta> meta(std::string file_key, batch::JobContext context);
  async::awaitable<Components> components(std::string file_key, batch::JobContext context);
  async::awaitable<Components> component_sets(std::string file_key, batch::JobContext context);
  // Those that are published; what they look like is told by their nodes.
  async::awaitable<Styles> styles(std::string file_key, batch::JobContext context);
  // kForbidden says which plan and which scope the call needs.
  async::awaitable<LocalVariables> variables(std::string file_key, batch::JobContext context);
  // Nothing for an id that the file does not have. Any number of ids.
  async::awaitable<Nodes> nodes(std::string file_key, std::vector<std::string> ids,
                                batch::JobContext context);

  // Addresses of the drawings of at most kIdsInOneCall nodes, nothing for a node that Figma cannot
  // draw. A call that Figma finds too large is split until it is not.
  async::awaitable<Addresses> images(std::string file_key, std::vector<std::string> ids,
                                     RenderOptions options, batch::JobContext context);

 private:
  struct Call {
    std::string path;  // "/v1/files/KEY/meta"
    std::string file_key;
    Tier tier = Tier::kThird;
    batch::JobContext context;
    std::string_view needs = {};  // more than a file that can be opened: said with a 403
  };

  async::awaitable<net::HttpResponse> send(Call call);
  // The body, in memory.
  async::awaitable<Blob> get(Call call);
  // The error of an answer; if it spoils every call with this token, none is made any more.
  Error refuse(const net::HttpResponse& response, const std::string& file_key,
               std::string_view needs = {});
  async::awaitable<FileMeta> fetch_meta(std::string file_key, batch::JobContext context);
  async::awaitable<Components> fetch_components(std::string file_key, std::string endpoint,
                                                batch::JobContext context);
  async::awaitable<Styles> fetch_styles(std::string file_key, batch::JobContext context);
  async::awaitable<LocalVariables> fetch_variables(std::string file_key, batch::JobContext context);

  net::Client& http_;
  ClientOptions options_;
  batch::Flights<FileMeta> metas_;
  batch::Flights<Components> components_;
  batch::Flights<Styles> styles_;
  batch::Flights<LocalVariables> variables_;
};

}  // namespace gantry::figma
