// Artifacts in a folder of this machine: the bytes in `objects/ab/<SHA-256>`, once for all keys
// that have them, and their keys in `artifacts.sqlite`.
//
// Several processes may use one folder. A file under way is in `incoming/`; what a killed process
// has left there goes when the next one opens the store.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "gantry/artifacts/artifact_store.hpp"

namespace gantry::artifacts {

class LocalArtifactStore final : public ArtifactStore {
 public:
  // Makes the folder if there is none, which blocks. The pool, which does all reading and writing,
  // outlives the store. kIo, kUnsupported.
  LocalArtifactStore(std::filesystem::path folder, async::WorkerPool& pool);
  ~LocalArtifactStore() override;

  async::awaitable<Artifact> put(std::string key, std::filesystem::path file) override;
  async::awaitable<std::optional<Artifact>> find(std::string key) override;
  async::awaitable<std::string> read(Artifact artifact, std::uint64_t offset,
                                     std::size_t length) override;
  async::awaitable<void> remove(std::string key) override;
  async::awaitable<std::vector<std::string>> list(std::string prefix, std::string after) override;

 private:
  class Files;
  async::WorkerPool& pool_;
  std::unique_ptr<Files> files_;
};

}  // namespace gantry::artifacts
