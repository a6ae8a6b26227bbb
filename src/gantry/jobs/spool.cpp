#include "gantry/jobs/spool.hpp"

#include <algorithm>
#include <cerrno>

#include <unistd.h>

#include "gantry/base/error.hpp"

namespace gantry::jobs {

void Spool::append(std::string_view bytes) {
  bytes_ += bytes;
  size_ += bytes.size();
  if (bytes_.size() <= kMemoryLimit) return;
  if (file_ == nullptr) file_ = TemporaryFile::create(folder_, "record.");
  file_->append(bytes_);
  bytes_.clear();
}

void Spool::read(const std::function<void(std::string_view)>& sink) const {
  std::uint64_t in_file = size_ - bytes_.size();
  for (std::uint64_t offset = 0; offset < in_file;) {
    auto count = static_cast<std::size_t>(std::min<std::uint64_t>(kMemoryLimit, in_file - offset));
    sink(read_at(file_->descriptor(), offset, count, file_->path().string()));
    offset += count;
  }
  sink(bytes_);
}

void Spool::clear() {
  bytes_.clear();
  file_.reset();
  size_ = 0;
}

std::string read_at(int descriptor, std::uint64_t offset, std::size_t count,
                    std::string_view what) {
  std::string bytes(count, '\0');
  std::size_t done = 0;
  while (done < count) {
    ssize_t got =
        ::pread(descriptor, bytes.data() + done, count - done, static_cast<off_t>(offset + done));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw system_error("cannot read " + std::string(what), errno);
    if (got == 0) throw Error(ErrorCode::kIo, std::string(what) + " is shorter than it was");
    done += static_cast<std::size_t>(got);
  }
  return bytes;
}

}  // namespace gantry::jobs
