// Drawings turned into files once for all exports of a run that want the same: the same drawings
// with the same recipe. Io thread.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "gantry/async/worker_pool.hpp"
#include "gantry/base/relative_path.hpp"
#include "gantry/batch/batch_processor.hpp"
#include "gantry/output/file_tree.hpp"

namespace gantry::jobs {

class Conversions {
 public:
  using Files = std::vector<std::pair<RelativePath, output::OutputFile>>;

  // The services and the pool outlive it.
  Conversions(const batch::Services& services, async::WorkerPool& pool);

  // An export is going to convert by this recipe, which names all that its files depend on besides
  // the drawings and their names.
  void announce(const std::string& recipe) { ++exports_[recipe]; }
  // Whether several exports are. To keep what only one of them wants is of no use.
  bool are_shared(const std::string& recipe) const;

  // The files that `convert` makes, on the pool. `key` names the drawings by their content, their
  // names and the recipe. `convert` owns what it uses: it may outlive the export that brought it.
  // Throws what it throws.
  async::awaitable<Files> get(std::string key, std::function<Files()> convert);

  // Conversions that another export had made already, or was making.
  std::uint64_t saved() const;

 private:
  async::WorkerPool& pool_;
  std::map<std::string, int> exports_;  // by recipe
  batch::BatchProcessor<Files> processor_;
};

}  // namespace gantry::jobs
