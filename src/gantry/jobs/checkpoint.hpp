// Which configurations of a run are done, on disk from job to job, so that a run that was killed
// can be taken up again. What its unfinished jobs had downloaded is in the blob store.
//
// One JSON file in the working directory. It is replaced at once or not at all, counts for a day,
// knows the bytes of each configuration, and is gone when everything has succeeded. Blocks.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "gantry/async/clock.hpp"
#include "gantry/base/hash.hpp"

namespace gantry::jobs {

inline constexpr const char* kCheckpointFile = ".gantry-checkpoint.json";

struct CheckpointRecord {
  async::WallTime started{};               // of the first of the runs
  std::vector<std::string> requested;      // what the run was asked for, sorted
  std::map<std::string, Digest> finished;  // configurations by path, with the hash of their bytes

  std::string encode() const;
  // kBadResponse for a text that encode() has not made.
  static CheckpointRecord decode(std::string_view text);
};

class Checkpoint {
 public:
  // Begins anew, or with `resume` where the last run has ended. What keeps it from that is
  // warning(): it is more than a day old, of another request, or not readable.
  Checkpoint(std::filesystem::path path, std::vector<std::string> requested, bool resume,
             async::WallTime now);

  const std::string& warning() const { return warning_; }
  // In an earlier run, with these bytes.
  bool is_finished(const std::string& configuration, const Digest& bytes) const;

  // Writes the file, so that a run that is killed has one. kIo.
  void save() const;
  void finished(const std::string& configuration, const Digest& bytes);
  void remove() const;

 private:
  void resume(async::WallTime now);

  std::filesystem::path path_;
  CheckpointRecord record_;
  std::string warning_;
};

}  // namespace gantry::jobs
