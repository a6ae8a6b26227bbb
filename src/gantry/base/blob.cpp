#include "gantry/base/blob.hpp"

#include <algorithm>
#include <cerrno>
#include <utility>

#include <fcntl.h>
#include <unistd.h>

#include "gantry/base/error.hpp"

namespace gantry {

Blob::Blob() {
  static const Digest of_nothing = sha256({});
  digest_ = of_nothing;
}

Blob Blob::from_bytes(std::string bytes) {
  Blob blob;
  blob.size_ = bytes.size();
  blob.digest_ = sha256(bytes);
  blob.bytes_ = std::make_shared<const std::string>(std::move(bytes));
  return blob;
}

Blob Blob::from_file(std::shared_ptr<TemporaryFile> file, std::uint64_t size, Digest digest) {
  Blob blob;
  blob.file_ = std::move(file);
  blob.size_ = size;
  blob.digest_ = digest;
  return blob;
}

std::string_view Blob::view() const {
  return bytes_ ? std::string_view(*bytes_) : std::string_view();
}

std::string Blob::read(std::uint64_t limit) const {
  if (size_ > limit) {
    throw Error(ErrorCode::kTooLarge, "a body of " + std::to_string(size_) +
                                          " bytes is larger than " + std::to_string(limit));
  }
  return file_ ? read_file(file_->path(), limit) : std::string(view());
}

std::string Blob::head(std::size_t count) const { return part(0, count); }

std::string Blob::tail(std::size_t count) const {
  return part(size_ > count ? size_ - count : 0, count);
}

std::string Blob::part(std::uint64_t offset, std::size_t count) const {
  if (!file_) return std::string(view().substr(offset, count));
  int descriptor = ::open(file_->path().c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) throw system_error("cannot open " + file_->path().string(), errno);
  std::string bytes(std::min<std::uint64_t>(count, size_ - offset), '\0');
  ssize_t got = ::pread(descriptor, bytes.data(), bytes.size(), static_cast<off_t>(offset));
  ::close(descriptor);
  bytes.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
  return bytes;
}

void Blob::copy_to(int descriptor, std::string_view what) const {
  if (!file_) {
    write_all(descriptor, view(), what);
    return;
  }
  int source = ::open(file_->path().c_str(), O_RDONLY | O_CLOEXEC);
  if (source < 0) throw system_error("cannot open " + file_->path().string(), errno);
  std::string buffer(256UL * 1024, '\0');
  while (true) {
    ssize_t count = ::read(source, buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) {
      int reason = errno;
      ::close(source);
      if (count < 0) throw system_error("cannot read " + file_->path().string(), reason);
      return;
    }
    try {
      write_all(descriptor, std::string_view(buffer).substr(0, static_cast<std::size_t>(count)),
                what);
    } catch (...) {
      ::close(source);
      throw;
    }
  }
}

}  // namespace gantry
