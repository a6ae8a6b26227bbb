// Files as Gantry needs them: whole reads with a limit, atomic writes, temporary files that vanish,
// and locks between processes. All calls block: use the worker pool. All throw Error.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace gantry {

// The whole file. kNotFound, kIo; kTooLarge beyond `limit` bytes.
std::string read_file(const std::filesystem::path& path, std::uint64_t limit = 1ULL << 30);

// Old content or new, never a mixture: writes a temporary file beside `path` and renames it.
// `durable` also asks the kernel to bring it to the disk before the rename.
void write_file_atomically(const std::filesystem::path& path, std::string_view content,
                           bool durable = false);

// A file without a future: it is removed when the last owner goes, unless release() is called.
class TemporaryFile {
 public:
  // Creates `<folder>/<prefix>XXXXXX` with mode 0600.
  static std::shared_ptr<TemporaryFile> create(const std::filesystem::path& folder,
                                               std::string_view prefix);
  ~TemporaryFile();
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;

  const std::filesystem::path& path() const { return path_; }
  int descriptor() const { return descriptor_; }
  // Writes all bytes at the end.
  void append(std::string_view bytes);
  // Closes the descriptor; the file stays until the destructor.
  void close();

 private:
  TemporaryFile(std::filesystem::path path, int descriptor)
      : path_(std::move(path)), descriptor_(descriptor) {}
  std::filesystem::path path_;
  int descriptor_;
};

// Writes all bytes to a descriptor; `what` names the file in the error.
void write_all(int descriptor, std::string_view bytes, std::string_view what);

// An exclusive lock between processes on an existing directory or file (flock), held while the
// object lives. Locking a directory leaves nothing behind.
class FileLock {
 public:
  // Empty if another process (or another FileLock) holds it.
  static std::optional<FileLock> try_acquire(const std::filesystem::path& path);
  // Waits until it is free.
  static FileLock acquire(const std::filesystem::path& path);
  ~FileLock();
  FileLock(FileLock&& other) noexcept;
  FileLock& operator=(FileLock&& other) noexcept;

  int descriptor() const { return descriptor_; }

 private:
  explicit FileLock(int descriptor) : descriptor_(descriptor) {}
  int descriptor_ = -1;
};

// $XDG_CACHE_HOME/gantry, else ~/.cache/gantry, else a folder of the temporary directory.
std::filesystem::path user_cache_folder();
// $XDG_STATE_HOME/gantry, else ~/.local/state/gantry, else as above.
std::filesystem::path user_state_folder();

}  // namespace gantry
