// Where drawings can be downloaded: asked for in full calls across jobs, kept for the run, asked
// for again when they have expired. Io thread.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_set>
#include <vector>

#include "gantry/batch/batch_processor.hpp"
#include "gantry/figma/node_planner.hpp"
#include "gantry/figma/render.hpp"

namespace gantry::figma {

class AddressBook {
 public:
  // All outlive it.
  AddressBook(const batch::Services& services, Api& api, const batch::ProcessorOptions& options);
  ~AddressBook();

  // One outcome for each id, in order: kNotFound for a node that Figma cannot draw. Calls are
  // filled up with what other tasks ask for at the same time, or while they wait. One that Figma
  // finds too large is split until it is not.
  async::awaitable<std::vector<Outcome<std::string>>> get(std::string file_key,
                                                          RenderOptions render,
                                                          std::vector<std::string> ids,
                                                          batch::JobContext job);

  // One address. `refused` is one that did not work, or empty: then it and what came with it are
  // asked for again, once, whoever notices. Errors as above.
  async::awaitable<std::string> get_one(std::string file_key, RenderOptions render, std::string id,
                                        std::string refused, batch::JobContext job);

  // While one lives, calls go only when they are full: for a caller that knows more ids to come.
  auto hold() { return processor_.hold(); }

  batch::MetricsSnapshot metrics() const { return processor_.metrics(); }

 private:
  class Planner;
  // What an id is drawn from and how: a group of keys.
  struct Source {
    std::string file_key;
    std::string query;
    auto operator<=>(const Source&) const = default;
  };
  struct Address {
    std::optional<std::string> url;                        // nothing: Figma cannot draw the node
    std::shared_ptr<const std::vector<std::string>> call;  // the keys that came with it
  };
  using Requests = std::vector<batch::Request<Address>>;

  std::string group_of(const std::string& file_key, const RenderOptions& render);
  async::awaitable<std::vector<batch::Item<Address>>> ask(std::vector<std::string> keys,
                                                          batch::JobContext job);

  Api& api_;
  std::map<Source, std::size_t> groups_;
  std::vector<Source> sources_;  // by the number of the group
  std::unordered_set<std::string> renewed_in_vain_;
  batch::BatchProcessor<Address> processor_;
};

}  // namespace gantry::figma
