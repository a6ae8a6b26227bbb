// The Figma REST API, typed: what a file holds and where its drawings can be downloaded.
//
// Every question is a request of the batch engine: asked once a run, whoever asks, and together
// with others where one call can answer them. Errors say in Figma's words and ours what is wrong
// and what to do; those that spoil every call with the same token (401, an invalid token) have
// Scope::kRun. Io thread.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "gantry/batch/batch_processor.hpp"
#include "gantry/figma/address_book.hpp"
#include "gantry/figma/api.hpp"
#include "gantry/figma/fingerprint_book.hpp"
#include "gantry/figma/model/model.hpp"
#include "gantry/figma/model/nodes.hpp"
#include "gantry/figma/model/styles.hpp"
#include "gantry/figma/model/variables.hpp"

namespace gantry::figma {

struct ClientOptions {
  ApiOptions api;
  // What answers are kept in for a run that is offline, or null. It outlives the client.
  store::Store* store = nullptr;
  bool offline = false;
};

using Components = std::shared_ptr<const std::vector<Component>>;
using Styles = std::shared_ptr<const std::vector<Style>>;
using LocalVariables = std::shared_ptr<const Variables>;

class Client {
 public:
  // All outlive it; it goes when the tasks of `services.scope` have ended.
  Client(const batch::Services& services, net::Client& http, ClientOptions options);

  // By the cheap endpoint, or by /v1/files?depth=1 where the token may not use it.
  async::awaitable<FileMeta> meta(std::string file_key, batch::JobContext job);
  async::awaitable<Components> components(std::string file_key, batch::JobContext job);
  async::awaitable<Components> component_sets(std::string file_key, batch::JobContext job);
  // Those that are published; what they look like is told by their nodes.
  async::awaitable<Styles> styles(std::string file_key, batch::JobContext job);
  // kForbidden says which plan and which scope the call needs.
  async::awaitable<LocalVariables> variables(std::string file_key, batch::JobContext job);
  // Nothing for an id that the file does not have. Any number of ids.
  async::awaitable<Nodes> nodes(std::string file_key, std::vector<std::string> ids,
                                batch::JobContext job);

  AddressBook& addresses() { return addresses_; }
  FingerprintBook& fingerprints() { return fingerprints_; }

  std::vector<batch::MetricsSnapshot> metrics() const;
  // Returns when everything that was kept is in the store, or lost.
  async::awaitable<void> flush();

 private:
  using Node = std::optional<figma::Node>;

  std::string key_of(const std::string& file_key, std::string_view what) const;
  async::awaitable<FileMeta> fetch_meta(std::string file_key, batch::CallContext context);
  async::awaitable<Components> fetch_components(std::string file_key, std::string endpoint,
                                                batch::CallContext context);
  async::awaitable<Styles> fetch_styles(std::string file_key, batch::CallContext context);
  async::awaitable<LocalVariables> fetch_variables(std::string file_key,
                                                   batch::CallContext context);
  async::awaitable<Components> list(std::string file_key, std::string endpoint,
                                    batch::JobContext job);

  Api api_;
  batch::BatchProcessor<FileMeta> metas_;
  batch::BatchProcessor<Components> components_;
  batch::BatchProcessor<Styles> styles_;
  batch::BatchProcessor<LocalVariables> variables_;
  batch::BatchProcessor<Node> nodes_;
  AddressBook addresses_;
  FingerprintBook fingerprints_;
};

}  // namespace gantry::figma
