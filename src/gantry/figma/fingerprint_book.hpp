// What nodes look like now, so that only those that have changed are drawn anew. Asked for in full
// calls across jobs, kept for the run. Io thread.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "gantry/batch/batch_processor.hpp"
#include "gantry/figma/api.hpp"
#include "gantry/figma/model/fingerprint.hpp"

namespace gantry::figma {

class FingerprintBook {
 public:
  // All outlive it.
  FingerprintBook(const batch::Services& services, Api& api,
                  const batch::ProcessorOptions& options);

  // One outcome for each id, in order; nothing for a node that the file does not have. A call that
  // Figma finds too large is split until it is not.
  async::awaitable<std::vector<Outcome<std::optional<Digest>>>> get(std::string file_key,
                                                                    std::vector<std::string> ids,
                                                                    batch::JobContext job);

  batch::MetricsSnapshot metrics() const { return processor_.metrics(); }

 private:
  using Fingerprint = std::optional<Digest>;

  batch::BatchProcessor<Fingerprint> processor_;
};

}  // namespace gantry::figma
