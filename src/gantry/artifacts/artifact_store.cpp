#include "gantry/artifacts/artifact_store.hpp"

#include <cerrno>

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include "gantry/base/crc32.hpp"
#include "gantry/base/error.hpp"
#include "gantry/base/relative_path.hpp"

namespace gantry::artifacts {
namespace {

// S3 takes 1,024, with the prefix of the store.
constexpr std::size_t kLongestKey = 900;

}  // namespace

void check_key(std::string_view key) {
  if (key.size() > kLongestKey) {
    throw Error(ErrorCode::kUnsafe,
                fmt::format("the key '{}...' of an artifact has {} bytes, more than {}",
                            key.substr(0, 50), key.size(), kLongestKey));
  }
  try {
    RelativePath path(key);
  } catch (const Error& error) {
    throw error.in("the key of an artifact");
  }
}

void check_same(const Artifact& stored, const Artifact& put) {
  if (stored == put) return;
  throw Error(ErrorCode::kConflict,
              fmt::format("the artifact '{}' is stored already, with other bytes ({} of them, "
                          "now {}): an artifact never changes",
                          stored.key, stored.size, put.size));
}

void check_range(const Artifact& artifact, std::uint64_t offset, std::size_t length) {
  if (length <= ArtifactStore::kMostRead && offset <= artifact.size &&
      length <= artifact.size - offset) {
    return;
  }
  throw Error(ErrorCode::kUsage, fmt::format("{} bytes from {} on of the artifact '{}' of {} bytes",
                                             length, offset, artifact.key, artifact.size));
}

ArtifactFile::ArtifactFile(const std::filesystem::path& path)
    : path_(path), descriptor_(::open(path.c_str(), O_RDONLY | O_CLOEXEC)) {
  if (descriptor_ < 0) throw system_error("cannot open " + path.string(), errno);
}

ArtifactFile::~ArtifactFile() { ::close(descriptor_); }

std::string ArtifactFile::read(std::size_t most) {
  std::string bytes(most, '\0');
  std::size_t filled = 0;
  while (filled < most) {
    ssize_t count = ::read(descriptor_, bytes.data() + filled, most - filled);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw system_error("cannot read " + path_.string(), errno);
    if (count == 0) break;
    filled += static_cast<std::size_t>(count);
  }
  bytes.resize(filled);
  size_ += filled;
  crc32_ = crc32_of_both(crc32_, crc32(bytes), filled);
  sha256_.update(bytes);
  return bytes;
}

Artifact ArtifactFile::summary(std::string key) {
  return {std::move(key), size_, crc32_, sha256_.finish()};
}

}  // namespace gantry::artifacts
