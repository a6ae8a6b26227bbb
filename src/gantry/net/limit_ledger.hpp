// What a run must remember of rate limits for the next one: pauses of over a minute, and calls that
// count for longer than a run lasts. One small JSON file for all credentials, which are named by
// their fingerprints.
//
// The file is a help: one that cannot be read counts as empty, one that cannot be written is left.
// Calls block for a moment and are rare. Io thread.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "gantry/async/clock.hpp"

namespace gantry::net {

class LimitLedger {
 public:
  // `credential` is a Secret's fingerprint.
  LimitLedger(std::filesystem::path file, std::string credential);

  struct Past {
    std::map<std::string, async::WallTime> pauses;              // by host: when they end
    std::map<std::string, std::vector<async::WallTime>> calls;  // by budget: when they left
  };
  // What was noted for this credential and is not over.
  Past read(async::WallTime now) const;

  void note_pause(const std::string& host, async::WallTime until);
  // Calls older than `window` are forgotten on the way.
  void note_call(const std::string& budget, async::WallTime left, async::Duration window);

  const std::filesystem::path& file() const { return file_; }

 private:
  std::filesystem::path file_;
  std::string credential_;
};

}  // namespace gantry::net
