#include "gantry/artifacts/local_artifact_store.hpp"

#include <cerrno>
#include <cstdio>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "gantry/artifacts/artifact_index.hpp"
#include "gantry/base/error.hpp"
#include "gantry/base/files.hpp"

namespace gantry::artifacts {
namespace fs = std::filesystem;
namespace {

struct Descriptor {
  int value;
  ~Descriptor() {
    if (value >= 0) ::close(value);
  }
};

// Fills the buffer, or as much of it as can be read before `failure`.
std::size_t read_at(int descriptor, std::uint64_t offset, char* buffer, std::size_t size,
                    int& failure) noexcept {
  std::size_t filled = 0;
  while (filled < size) {
    ssize_t count =
        ::pread(descriptor, buffer + filled, size - filled, static_cast<off_t>(offset + filled));
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) {
      failure = count < 0 ? errno : EIO;
      break;
    }
    filled += static_cast<std::size_t>(count);
  }
  return filled;
}

void create_folder(const fs::path& folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) throw system_error("cannot create " + folder.string(), error.value());
}

void bring_to_disk(int descriptor, const fs::path& path) {
  if (::fsync(descriptor) != 0) throw system_error("cannot write " + path.string(), errno);
}

// The names in a folder.
void bring_to_disk(const fs::path& folder) {
  Descriptor opened{::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  if (opened.value < 0) throw system_error("cannot open " + folder.string(), errno);
  bring_to_disk(opened.value, folder);
}

}  // namespace

// The store as it blocks; any thread.
class LocalArtifactStore::Files {
 public:
  explicit Files(const fs::path& folder)
      : incoming_(folder / "incoming"), objects_(folder / "objects") {
    create_folder(incoming_);
    create_folder(objects_);
    index_.emplace(folder / "artifacts.sqlite");
    bring_to_disk(folder);
    remove_abandoned();
  }

  ArtifactIndex& index() { return *index_; }

  Artifact put(const std::string& key, const fs::path& source) {
    Incoming copy = create_incoming();
    ArtifactFile file(source);
    for (std::string bytes = file.read(kBlock); !bytes.empty(); bytes = file.read(kBlock)) {
      copy.file->append(bytes);
    }
    Artifact artifact = file.summary(key);
    bring_to_disk(copy.file->descriptor(), copy.file->path());
    index_->add(artifact, [&] { install(copy.file->path(), artifact.sha256); });
    return artifact;
  }

  std::string read(const Artifact& artifact, std::uint64_t offset, std::size_t length) const {
    fs::path path = path_of(artifact.sha256);
    Descriptor file{::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC)};
    if (file.value < 0) throw system_error("the artifact '" + artifact.key + "' is gone", errno);
    struct stat status {};
    if (::fstat(file.value, &status) != 0) {
      throw system_error("cannot read " + path.string(), errno);
    }
    auto size = static_cast<std::uint64_t>(status.st_size);
    if (size != artifact.size) {
      throw Error(ErrorCode::kBadResponse,
                  fmt::format("the artifact '{}' has changed in its store: it has {} bytes and had "
                              "{}",
                              artifact.key, size, artifact.size));
    }
    std::string bytes;
    int failure = 0;
    bytes.resize_and_overwrite(length, [&](char* buffer, std::size_t size) {
      return read_at(file.value, offset, buffer, size, failure);
    });
    if (bytes.size() != length) throw system_error("cannot read " + path.string(), failure);
    return bytes;
  }

  void remove(const std::string& key) {
    index_->remove(key, [this](const Digest& digest) { ::unlink(path_of(digest).c_str()); });
  }

 private:
  static constexpr std::size_t kBlock = 256UL * 1024;

  // Locked, so that nobody takes it for what a killed process has left. The lock ends first.
  struct Incoming {
    std::shared_ptr<TemporaryFile> file;
    FileLock lock;
  };

  Incoming create_incoming() {
    while (true) {
      auto file = TemporaryFile::create(incoming_, "put-");
      // Between the two lines, a process that opens the store may have taken it away.
      std::optional<FileLock> lock;
      try {
        lock = FileLock::try_acquire(file->path());
      } catch (const Error& error) {
        if (error.code() != ErrorCode::kNotFound) throw;
      }
      struct stat status {};
      if (lock && ::fstat(lock->descriptor(), &status) == 0 && status.st_nlink > 0) {
        return {std::move(file), std::move(*lock)};
      }
    }
  }

  void remove_abandoned() {
    std::error_code ignored;
    for (const auto& entry : fs::directory_iterator(incoming_, ignored)) {
      try {
        if (auto abandoned = FileLock::try_acquire(entry.path())) {
          fs::remove(entry.path(), ignored);
        }
      } catch (const Error&) {
        // Its owner has just removed it.
      }
    }
  }

  fs::path path_of(const Digest& digest) const {
    std::string hex = digest.hex();
    return objects_ / hex.substr(0, 2) / hex;
  }

  void install(const fs::path& copy, const Digest& digest) {
    fs::path path = path_of(digest);
    fs::path folder = path.parent_path();
    if (!fs::exists(folder)) {
      create_folder(folder);
      bring_to_disk(objects_);
    }
    if (std::rename(copy.c_str(), path.c_str()) != 0) {
      throw system_error("cannot write " + path.string(), errno);
    }
    bring_to_disk(folder);
  }

  fs::path incoming_;
  fs::path objects_;
  std::optional<ArtifactIndex> index_;
};

LocalArtifactStore::LocalArtifactStore(fs::path folder, async::WorkerPool& pool)
    : pool_(pool), files_(std::make_unique<Files>(folder)) {}
LocalArtifactStore::~LocalArtifactStore() = default;

async::awaitable<Artifact> LocalArtifactStore::put(std::string key, fs::path file) {
  check_key(key);
  auto work = [this, key, file] { return files_->put(key, file); };
  co_return co_await pool_.run(std::move(work));
}

async::awaitable<std::optional<Artifact>> LocalArtifactStore::find(std::string key) {
  check_key(key);
  auto work = [this, key] { return files_->index().find(key); };
  co_return co_await pool_.run(std::move(work));
}

async::awaitable<std::string> LocalArtifactStore::read(Artifact artifact, std::uint64_t offset,
                                                       std::size_t length) {
  check_range(artifact, offset, length);
  auto work = [this, artifact, offset, length] { return files_->read(artifact, offset, length); };
  co_return co_await pool_.run(std::move(work));
}

async::awaitable<void> LocalArtifactStore::remove(std::string key) {
  check_key(key);
  auto work = [this, key] { files_->remove(key); };
  co_await pool_.run(std::move(work));
}

async::awaitable<std::vector<std::string>> LocalArtifactStore::list(std::string prefix,
                                                                    std::string after) {
  auto work = [this, prefix, after] { return files_->index().list(prefix, after, kMostListed); };
  co_return co_await pool_.run(std::move(work));
}

}  // namespace gantry::artifacts
