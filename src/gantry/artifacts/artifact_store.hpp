// Where the results of exports are kept until they are downloaded.
//
// An artifact is a file under a key that never changes: putting the same bytes again does nothing,
// other bytes are refused. Its size, CRC-32 and SHA-256 are recorded when it is put, and compared
// whenever it is read, so that an archive or a download never has bytes of anything else.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gantry/async/awaitable.hpp"
#include "gantry/async/worker_pool.hpp"
#include "gantry/base/hash.hpp"

namespace gantry::artifacts {

// What is known of an artifact. Whoever keeps this need not ask the store again.
struct Artifact {
  std::string key;
  std::uint64_t size = 0;
  std::uint32_t crc32 = 0;
  Digest sha256;

  bool operator==(const Artifact&) const = default;
};

// Keys are relative paths, "exports/TASK/ATTEMPT/FILE", of at most 900 bytes. Each call throws
// kUnsafe for any other, and what the disk or the network brings; no message holds a credential.
// Io thread.
class ArtifactStore {
 public:
  // Of one read(), in bytes.
  static constexpr std::size_t kMostRead = 256UL * 1024;
  // Of one list().
  static constexpr std::size_t kMostListed = 1'000;

  virtual ~ArtifactStore() = default;

  // Copies the file, which stays as it is. When this returns, a crash loses nothing of it.
  // kConflict if other bytes are under this key.
  virtual async::awaitable<Artifact> put(std::string key, std::filesystem::path file) = 0;

  // Nothing if there is none.
  virtual async::awaitable<std::optional<Artifact>> find(std::string key) = 0;

  // Exactly these bytes, at most kMostRead, which lie within the artifact. kNotFound if it is gone;
  // kBadResponse if what is there now is not this artifact, as far as that can be told without
  // reading all of it (size in any store; what was recorded, in S3).
  virtual async::awaitable<std::string> read(Artifact artifact, std::uint64_t offset,
                                             std::size_t length) = 0;

  // Nothing happens if there is none.
  virtual async::awaitable<void> remove(std::string key) = 0;

  // At most kMostListed keys that begin with `prefix` and come after `after`, in the order of their
  // bytes; fewer mean that there are no more.
  virtual async::awaitable<std::vector<std::string>> list(std::string prefix,
                                                          std::string after) = 0;
};

// kUnsafe, with the reason.
void check_key(std::string_view key);

// kConflict unless both are the same artifact.
void check_same(const Artifact& stored, const Artifact& put);

// kUsage for a range beyond the artifact or longer than kMostRead.
void check_range(const Artifact& artifact, std::uint64_t offset, std::size_t length);

// Reads a file from its beginning to its end, which blocks.
class ArtifactFile {
 public:
  // kNotFound, kIo.
  explicit ArtifactFile(const std::filesystem::path& path);
  ~ArtifactFile();
  ArtifactFile(const ArtifactFile&) = delete;
  ArtifactFile& operator=(const ArtifactFile&) = delete;

  // The next `most` bytes, fewer only at the end.
  std::string read(std::size_t most);
  // The sums of all that was read.
  Artifact summary(std::string key);

 private:
  std::filesystem::path path_;
  int descriptor_;
  std::uint64_t size_ = 0;
  std::uint32_t crc32_ = 0;
  Sha256 sha256_;
};

}  // namespace gantry::artifacts
