// The export of one entity of the archive, or of the tree below it, to one file.
//
// Entities get their place in breadth-first order as they are put into the document, so that the
// document depends on the archive alone and not on how fast it answers. Fetching runs ahead of
// that; what has come early waits, on disk if it is large. Memory does not grow with the tree but
// for the identifiers that were seen, at most 64 bytes each.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "gantry/archive/pi.hpp"
#include "gantry/jobs/archive_options.hpp"
#include "gantry/jobs/engine.hpp"
#include "gantry/output/commit.hpp"

namespace gantry::jobs {

struct ArchiveCounts {
  std::uint64_t exported = 0;    // with a record
  std::uint64_t incomplete = 0;  // of those: without what every description must have
  std::uint64_t missing = 0;     // named by a parent, and unknown to the archive or deleted
  std::uint64_t failed = 0;      // that could not be read
  std::uint64_t merged = 0;      // another name of an entity that is exported already
  // Files that records are made of.
  std::uint64_t contents_verified = 0;  // against the hash in their CID
  std::uint64_t contents_taken = 0;     // whose CID does not tell their hash
  std::uint64_t replaced = 0;           // characters that the format cannot hold
};

// Something about one entity that a person should know.
struct ArchiveFinding {
  enum class Kind { kIncomplete, kMissing, kFailed };
  Kind kind = Kind::kIncomplete;
  archive::Pi pi;
  std::string message;
};

struct ArchiveResult {
  std::string name;            // the root as it was asked for
  std::filesystem::path path;  // of the file
  ArchiveCounts counts;
  // In the order of the document, at most kMostFindings; the counts tell of all, and the document
  // names them.
  std::vector<ArchiveFinding> findings;
  static constexpr std::size_t kMostFindings = 1000;
  std::uint64_t bytes = 0;
  Digest digest;               // SHA-256 of the file
  bool is_unchanged = false;   // the file held these bytes already
  std::optional<Error> error;  // why there is no file
  std::chrono::milliseconds duration{};
  std::uint64_t peak_memory = 0;  // bytes, of the process so far

  // Whether all that the archive has was read.
  bool succeeded() const { return !error && counts.failed == 0; }
};

struct ArchiveJob {
  archive::Pi root;
  std::filesystem::path folder;  // made if missing
  ArchiveOptions options;
  bool fail_fast = false;  // an entity that cannot be read ends it all
};

// Never throws. A root that the archive does not have is an error; a descendant is a finding.
async::awaitable<ArchiveResult> export_archive(Engine& engine, ArchiveJob job,
                                               batch::JobContext context);

}  // namespace gantry::jobs
