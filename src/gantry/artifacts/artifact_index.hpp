// Which key of a LocalArtifactStore leads to which bytes, in a database of SQLite.
//
// A database and not a file beside each object, because several keys may lead to the same bytes,
// which go with the last of them: that is a question to all keys, and its answer must hold until
// the bytes are gone, whatever other processes do. All calls block; any thread.
#pragma once

#include <filesystem>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include <SQLiteCpp/Database.h>

#include "gantry/artifacts/artifact_store.hpp"

namespace gantry::artifacts {

class ArtifactIndex {
 public:
  // Makes the database if there is none. kIo; kUnsupported for one of another version.
  explicit ArtifactIndex(const std::filesystem::path& path);

  std::optional<Artifact> find(const std::string& key);

  // Records the artifact, after `install` has brought its bytes to their place, which happens while
  // no process takes bytes away. Where it is recorded, `install` mends what may have become of its
  // bytes. kConflict if another one has the key.
  void add(const Artifact& artifact, const std::function<void()>& install);

  // Forgets the key. Calls `discard`, while no process adds any, if its bytes have no key any more.
  void remove(const std::string& key, const std::function<void(const Digest&)>& discard);

  std::vector<std::string> list(const std::string& prefix, const std::string& after,
                                std::size_t most);

 private:
  template <class Work>
  auto guarded(Work work);
  std::optional<Artifact> lookup(const std::string& key);

  std::string path_;
  std::mutex mutex_;
  SQLite::Database database_;
};

}  // namespace gantry::artifacts
