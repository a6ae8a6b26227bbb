// Archives of artifacts, and single artifacts, as streams of bytes for a peer that reads as fast as
// it can or as slowly as it likes.
//
// Artifacts are read ahead, several at once, as far as 8 MiB; nothing more is read until the peer
// has taken what there is, so that memory does not depend on the archive. An artifact that is read
// from its beginning to its end is checked before its last piece is handed out: if it is missing or
// its bytes have changed, the stream ends with an error, and whoever sends it must break the answer
// off.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "gantry/artifacts/artifact_store.hpp"
#include "gantry/zip/archive_plan.hpp"

namespace gantry::artifacts {

// What an archive is made of. Its parts in their order are all that need be kept of it: the same
// parts give the same archive, with the same entity tag.
class Archive {
 public:
  struct Part {
    RelativePath name;  // in the archive, from zip::archive_names()
    Artifact artifact;
    std::chrono::sys_seconds modified;
  };

  // Throws what zip::ArchivePlan throws.
  explicit Archive(const std::vector<Part>& parts);

  const zip::ArchivePlan& plan() const { return plan_; }
  const Artifact& artifact(std::size_t part) const { return artifacts_[part]; }

 private:
  zip::ArchivePlan plan_;
  std::vector<Artifact> artifacts_;
};

// Takes the next bytes and returns when more are wanted. What it throws ends the stream.
using Sink = std::function<async::awaitable<void>(std::string)>;

// A part of a body.
struct Span {
  std::uint64_t offset = 0;
  std::uint64_t length = 0;
};

// Reads through `store`, and computes checksums in `pool`; both outlive the call. Bytes come in
// pieces of at most ArtifactStore::kMostRead. Throws what ArtifactStore::read() throws;
// kBadResponse if an artifact is not what it was; kUsage for a span beyond the body; kCancelled. Io
// thread.
async::awaitable<void> send_archive(ArtifactStore& store, async::WorkerPool& pool,
                                    std::shared_ptr<const Archive> archive, Span span, Sink sink);
async::awaitable<void> send_artifact(ArtifactStore& store, async::WorkerPool& pool,
                                     Artifact artifact, Span span, Sink sink);

}  // namespace gantry::artifacts
