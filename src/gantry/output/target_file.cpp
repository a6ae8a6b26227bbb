#include "gantry/output/target_file.hpp"

#include <cerrno>
#include <cstring>
#include <string_view>

#include <fcntl.h>
#include <sys/stat.h>

#include "gantry/base/error.hpp"

namespace gantry::output {
namespace {

constexpr std::size_t kBufferBytes = 65'536;

[[noreturn]] void refuse(mode_t mode, const std::string& shown) {
  if (S_ISLNK(mode)) {
    throw Error(ErrorCode::kUnsafe, shown +
                                        " is a symbolic link: links below an output folder are not "
                                        "followed; remove it");
  }
  throw Error(ErrorCode::kConflict, shown +
                                        (S_ISDIR(mode) ? " is a folder" : " is a special file") +
                                        " where a file shall be written; remove or rename it");
}

// A file to be read. Empty with errno ENOENT or EACCES: there is none, or it cannot be read.
Descriptor open_target(const Descriptor& folder, const std::string& path, const std::string& shown,
                       struct stat& status) {
  const char* name = name_of(path);
  // Non-blocking, for a named pipe would wait for its writer.
  Descriptor file(::openat(folder.get(), name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  if (!file && errno == ENOENT) return file;
  int reason = file ? 0 : errno;
  int result = file ? ::fstat(file.get(), &status)
                    : ::fstatat(folder.get(), name, &status, AT_SYMLINK_NOFOLLOW);
  if (result != 0) throw system_error("cannot read " + shown, errno);
  if (!S_ISREG(status.st_mode)) refuse(status.st_mode, shown);
  if (reason != 0 && reason != EACCES) throw system_error("cannot read " + shown, reason);
  errno = reason;
  return file;
}

// Calls `use` with each piece of the file until it gives false.
template <class Use>
void read_pieces(const Descriptor& file, const std::string& shown, Use use) {
  char buffer[kBufferBytes];
  while (true) {
    ssize_t count = ::read(file.get(), buffer, sizeof buffer);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw system_error("cannot read " + shown, errno);
    if (count == 0 || !use(std::string_view(buffer, static_cast<std::size_t>(count)))) return;
  }
}

Digest hash_of(const Descriptor& file, const std::string& shown) {
  Sha256 hash;
  read_pieces(file, shown, [&](std::string_view piece) {
    hash.update(piece);
    return true;
  });
  return hash.finish();
}

bool holds(const Descriptor& file, std::string_view bytes, const std::string& shown) {
  bool same = true;
  if (bytes.empty()) return same;
  read_pieces(file, shown, [&](std::string_view piece) {
    same = bytes.starts_with(piece);
    if (same) bytes.remove_prefix(piece.size());
    return same && !bytes.empty();
  });
  return same && bytes.empty();
}

}  // namespace

Target compare_target(DirectoryTree& tree, const RelativePath& path, const Blob& content,
                      const std::string& shown) {
  auto folder = tree.find(parent_of(path.text()));
  if (!folder) return Target::kMissing;
  struct stat status {};
  Descriptor file = open_target(*folder, path.text(), shown, status);
  if (!file) return errno == ENOENT ? Target::kMissing : Target::kDifferent;
  if (static_cast<std::uint64_t>(status.st_size) != content.size()) return Target::kDifferent;
  bool same = content.in_memory() ? holds(file, content.view(), shown)
                                  : hash_of(file, shown) == content.digest();
  return same ? Target::kSame : Target::kDifferent;
}

std::optional<Digest> hash_target(DirectoryTree& tree, const RelativePath& path,
                                  const std::string& shown) {
  auto folder = tree.find(parent_of(path.text()));
  if (!folder) return std::nullopt;
  struct stat status {};
  Descriptor file = open_target(*folder, path.text(), shown, status);
  if (file) return hash_of(file, shown);
  if (errno == ENOENT) return std::nullopt;
  throw system_error("cannot read " + shown, errno);
}

}  // namespace gantry::output
