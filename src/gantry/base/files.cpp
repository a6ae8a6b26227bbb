#include "gantry/base/files.hpp"

#include <cerrno>
#include <cstdlib>
#include <utility>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "gantry/base/error.hpp"

namespace gantry {
namespace fs = std::filesystem;
namespace {

// Closes a descriptor at the end of a scope.
struct Descriptor {
  int value;
  ~Descriptor() {
    if (value >= 0) ::close(value);
  }
};

std::pair<std::string, int> make_temporary(const fs::path& folder, std::string_view prefix) {
  std::string name = (folder / (std::string(prefix) + "XXXXXX")).string();
  int descriptor = ::mkostemp(name.data(), O_CLOEXEC);
  if (descriptor < 0) throw system_error("cannot create a file in " + folder.string(), errno);
  return {std::move(name), descriptor};
}

int open_for_lock(const fs::path& path) {
  int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) throw system_error("cannot open " + path.string(), errno);
  return descriptor;
}

fs::path user_folder(const char* variable, const char* below_home) {
  if (const char* base = std::getenv(variable); base != nullptr && base[0] == '/') {
    return fs::path(base) / "gantry";
  }
  if (const char* home = std::getenv("HOME"); home != nullptr && home[0] == '/') {
    return fs::path(home) / below_home / "gantry";
  }
  return fs::temp_directory_path() / ("gantry-" + std::to_string(::getuid()));
}

}  // namespace

std::string read_file(const fs::path& path, std::uint64_t limit) {
  Descriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
  if (file.value < 0) throw system_error("cannot open " + path.string(), errno);
  struct stat status {};
  if (::fstat(file.value, &status) != 0) throw system_error("cannot read " + path.string(), errno);
  if (S_ISDIR(status.st_mode)) {
    throw Error(ErrorCode::kIo, "cannot read " + path.string() + ": it is a directory");
  }
  std::string content;
  auto expected = static_cast<std::uint64_t>(status.st_size > 0 ? status.st_size : 0);
  content.reserve(expected < limit ? expected : 0);
  char buffer[64 * 1024];
  while (true) {
    ssize_t count = ::read(file.value, buffer, sizeof buffer);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw system_error("cannot read " + path.string(), errno);
    if (count == 0) return content;
    content.append(buffer, static_cast<std::size_t>(count));
    if (content.size() > limit) {
      throw Error(ErrorCode::kTooLarge,
                  path.string() + " is larger than " + std::to_string(limit) + " bytes");
    }
  }
}

void write_all(int descriptor, std::string_view bytes, std::string_view what) {
  while (!bytes.empty()) {
    ssize_t count = ::write(descriptor, bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw system_error("cannot write " + std::string(what), errno);
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
}

void write_file_atomically(const fs::path& path, std::string_view content, bool durable) {
  fs::path folder = path.has_parent_path() ? path.parent_path() : fs::path(".");
  auto [name, descriptor] = make_temporary(folder, "." + path.filename().string() + ".");
  Descriptor file{descriptor};
  try {
    write_all(file.value, content, path.string());
    ::fchmod(file.value, 0644);
    if (durable && ::fsync(file.value) != 0) {
      throw system_error("cannot write " + path.string(), errno);
    }
    if (::rename(name.c_str(), path.c_str()) != 0) {
      throw system_error("cannot write " + path.string(), errno);
    }
  } catch (...) {
    ::unlink(name.c_str());
    throw;
  }
}

std::shared_ptr<TemporaryFile> TemporaryFile::create(const fs::path& folder,
                                                     std::string_view prefix) {
  auto [name, descriptor] = make_temporary(folder, prefix);
  return std::shared_ptr<TemporaryFile>(new TemporaryFile(std::move(name), descriptor));
}

TemporaryFile::~TemporaryFile() {
  close();
  ::unlink(path_.c_str());
}

void TemporaryFile::append(std::string_view bytes) {
  write_all(descriptor_, bytes, path_.string());
}

void TemporaryFile::close() {
  if (descriptor_ >= 0) ::close(std::exchange(descriptor_, -1));
}

std::optional<FileLock> FileLock::try_acquire(const fs::path& path) {
  int descriptor = open_for_lock(path);
  if (::flock(descriptor, LOCK_EX | LOCK_NB) == 0) return FileLock(descriptor);
  int reason = errno;
  ::close(descriptor);
  if (reason == EWOULDBLOCK) return std::nullopt;
  throw system_error("cannot lock " + path.string(), reason);
}

FileLock FileLock::acquire(const fs::path& path) {
  int descriptor = open_for_lock(path);
  while (::flock(descriptor, LOCK_EX) != 0) {
    if (errno == EINTR) continue;
    int reason = errno;
    ::close(descriptor);
    throw system_error("cannot lock " + path.string(), reason);
  }
  return FileLock(descriptor);
}

FileLock::~FileLock() {
  if (descriptor_ >= 0) ::close(descriptor_);
}
FileLock::FileLock(FileLock&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
FileLock& FileLock::operator=(FileLock&& other) noexcept {
  std::swap(descriptor_, other.descriptor_);
  return *this;
}

fs::path user_cache_folder() { return user_folder("XDG_CACHE_HOME", ".cache"); }
fs::path user_state_folder() { return user_folder("XDG_STATE_HOME", ".local/state"); }

}  // namespace gantry
