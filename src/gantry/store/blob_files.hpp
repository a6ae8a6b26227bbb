// The bodies of a BlobStore that are too large for its database: `blobs/ab/<digest>`.
//
// Files under way lie in `incoming/<random>/`, one locked folder for each process, so that the next
// process to open the store can tell what a killed one has left.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>

#include "gantry/base/blob.hpp"
#include "gantry/base/hash.hpp"

namespace gantry::store {

// All calls block; any thread.
class BlobFiles {
 public:
  // Removes what killed processes have left.
  explicit BlobFiles(std::filesystem::path folder);
  ~BlobFiles();
  BlobFiles(const BlobFiles&) = delete;
  BlobFiles& operator=(const BlobFiles&) = delete;

  // A copy of the bytes that install() will move to its place.
  std::shared_ptr<TemporaryFile> copy(const Blob& blob);
  void install(const TemporaryFile& copy, const Digest& digest);
  // The body with its own copy of the bytes, so that it outlives an eviction; empty if the file is
  // missing or does not have this hash.
  std::optional<Blob> load(const Digest& digest, std::uint64_t size);
  void remove(const Digest& digest) noexcept;
  // Removes the files of all bodies.
  void remove_all() noexcept;

 private:
  class Incoming;
  std::shared_ptr<Incoming> incoming();
  std::filesystem::path path_of(const Digest& digest) const;

  std::filesystem::path folder_;
  std::mutex mutex_;
  std::shared_ptr<Incoming> incoming_;
};

}  // namespace gantry::store
