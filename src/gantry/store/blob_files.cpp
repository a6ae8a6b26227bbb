#include "gantry/store/blob_files.hpp"

#include <cerrno>
#include <cstdio>
#include <string>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "gantry/base/error.hpp"
#include "gantry/base/files.hpp"

namespace gantry::store {
namespace fs = std::filesystem;

// A folder of this process that is locked as long as a body in it lives.
class BlobFiles::Incoming {
 public:
  explicit Incoming(const fs::path& parent) {
    std::error_code ignored;
    fs::create_directories(parent, ignored);
    while (!lock_) {
      std::string name = (parent / "XXXXXX").string();
      if (::mkdtemp(name.data()) == nullptr) {
        throw system_error("cannot create a folder in " + parent.string(), errno);
      }
      path_ = name;
      try {
        lock_ = FileLock::try_acquire(path_);
      } catch (const Error& error) {
        if (error.code() != ErrorCode::kNotFound) throw;
      }
      // Another process that opened the store may have swept the folder before it was locked.
      struct stat status {};
      if (lock_ && ::stat(name.c_str(), &status) != 0) lock_.reset();
    }
  }
  ~Incoming() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  Incoming(const Incoming&) = delete;
  Incoming& operator=(const Incoming&) = delete;

  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
  std::optional<FileLock> lock_;
};

BlobFiles::BlobFiles(fs::path folder) : folder_(std::move(folder)) {
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder_ / "incoming", error)) {
    try {
      if (auto abandoned = FileLock::try_acquire(entry.path())) fs::remove_all(entry.path(), error);
    } catch (const Error&) {
      // Its owner has just removed it.
    }
  }
}

BlobFiles::~BlobFiles() = default;

fs::path BlobFiles::path_of(const Digest& digest) const {
  std::string hex = digest.hex();
  return folder_ / "blobs" / hex.substr(0, 2) / hex;
}

std::shared_ptr<BlobFiles::Incoming> BlobFiles::incoming() {
  std::lock_guard lock(mutex_);
  if (!incoming_) incoming_ = std::make_shared<Incoming>(folder_ / "incoming");
  return incoming_;
}

std::shared_ptr<TemporaryFile> BlobFiles::copy(const Blob& blob) {
  auto file = TemporaryFile::create(incoming()->path(), "put-");
  blob.copy_to(file->descriptor(), file->path().string());
  file->close();
  return file;
}

void BlobFiles::install(const TemporaryFile& copy, const Digest& digest) {
  fs::path path = path_of(digest);
  if (std::rename(copy.path().c_str(), path.c_str()) == 0) return;
  std::error_code ignored;
  fs::create_directories(path.parent_path(), ignored);
  if (std::rename(copy.path().c_str(), path.c_str()) != 0) {
    throw system_error("cannot write " + path.string(), errno);
  }
}

std::optional<Blob> BlobFiles::load(const Digest& digest, std::uint64_t size) {
  struct Loaded {
    std::shared_ptr<Incoming> folder;
    std::shared_ptr<TemporaryFile> file;
  };
  int source = ::open(path_of(digest).c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
  if (source < 0) return std::nullopt;
  auto close_source = std::shared_ptr<void>(nullptr, [source](void*) { ::close(source); });
  auto loaded = std::make_shared<Loaded>();
  loaded->folder = incoming();
  loaded->file = TemporaryFile::create(loaded->folder->path(), "get-");
  Sha256 hash;
  std::string buffer(262'144, '\0');
  std::uint64_t total = 0;
  while (total <= size) {
    ssize_t count = ::read(source, buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return std::nullopt;
    if (count == 0) break;
    std::string_view piece(buffer.data(), static_cast<std::size_t>(count));
    hash.update(piece);
    loaded->file->append(piece);
    total += piece.size();
  }
  if (total != size || hash.finish() != digest) return std::nullopt;
  loaded->file->close();
  TemporaryFile* file = loaded->file.get();
  return Blob::from_file(std::shared_ptr<TemporaryFile>(std::move(loaded), file), size, digest);
}

void BlobFiles::remove(const Digest& digest) noexcept { ::unlink(path_of(digest).c_str()); }

void BlobFiles::remove_all() noexcept {
  std::error_code ignored;
  fs::remove_all(folder_ / "blobs", ignored);
}

}  // namespace gantry::store
