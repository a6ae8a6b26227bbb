// The drawings of one export: which nodes of which files, as what, and how to get each one.
//
// Io thread. What is known to the blob store is not asked for at all, not even its address.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_set>
#include <vector>

#include "gantry/design/asset.hpp"
#include "gantry/jobs/engine.hpp"

namespace gantry::jobs {

class Drawings {
 public:
  // Drawings of more than `largest` bytes are errors.
  Drawings(Engine& engine, figma::RenderOptions options, std::uint64_t largest,
           batch::JobContext context);

  // The version of a file as it was before its components were read; empty: unknown, and then
  // nothing of the file is stored for a later run.
  void set_version(const std::string& file_key, const std::string& version);

  // Asks what these nodes look like now: what looks as it did in an earlier run is the same
  // drawing, whatever version the file has come to. Those of whom that cannot be told are known by
  // the version. Before prepare().
  async::awaitable<void> identify(std::vector<design::NodeSource> nodes);

  // Names what will be wanted, in this order, and looks up what is stored of it. Once.
  async::awaitable<void> prepare(std::vector<design::NodeSource> nodes);
  // Starts to ask for the addresses of what is prepared and not stored. The tasks that ask belong
  // to `scope`, which may outlive this. Asked again with a higher priority, what waits moves up.
  void ask_ahead(async::TaskScope& scope, batch::Priority priority);
  // The same a few calls ahead of get() at a time, for a job that shares none with others and gets
  // its drawings in the order in which they were prepared.
  async::awaitable<void> ask_in_turn();
  // How many of them are stored.
  std::size_t stored() const { return stored_; }

  // One of the drawings. `name` is for messages.
  async::awaitable<Blob> get(design::NodeSource node, std::string name);

 private:
  // Addresses that could not be had, by NodeSource::text(): asking again item by item would mend
  // nothing. Shared with downloads, which may outlive the export.
  using Failures = std::map<std::string, Error>;

  std::string key_of(const design::NodeSource& node) const;
  bool is_asked_for(const design::NodeSource& node) const;
  static async::awaitable<void> ask(Engine& engine, figma::RenderOptions options,
                                    std::string file_key, std::vector<std::string> ids,
                                    batch::JobContext context, std::shared_ptr<Failures> failures);

  Engine& engine_;
  figma::RenderOptions options_;
  std::string query_;  // of the options
  std::uint64_t largest_;
  batch::JobContext context_;
  std::map<std::string, std::string> versions_;
  std::map<std::string, std::string> looks_;  // fingerprints in hex, by NodeSource::text()
  std::map<std::string, std::vector<std::string>> wanted_;            // ids by file, in order
  std::map<std::string, std::unordered_set<std::string>> asked_for_;  // the same
  std::optional<batch::Priority> asked_;
  std::size_t stored_ = 0;
  std::shared_ptr<Failures> failures_ = std::make_shared<Failures>();
};

// The content that a rendered image of this format must have.
batch::Content content_of(figma::ImageFormat format);

}  // namespace gantry::jobs
