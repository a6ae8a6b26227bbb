#include "gantry/artifacts/archive_stream.hpp"

#include <algorithm>
#include <deque>
#include <exception>
#include <optional>
#include <utility>
#include <variant>

#include <boost/asio/this_coro.hpp>
#include <fmt/format.h>

#include "gantry/async/event.hpp"
#include "gantry/async/task_scope.hpp"
#include "gantry/base/crc32.hpp"
#include "gantry/base/error.hpp"

namespace gantry::artifacts {
namespace {

constexpr std::size_t kMostReadsAhead = 32;
constexpr std::size_t kMostBytesAhead = 8UL << 20;
// Small pieces are joined up to this size, so that an archive of small members is not sent in
// packets of its headers.
constexpr std::size_t kFullPiece = 256UL * 1024;
// Fewer bytes are summed up on the io thread: handing them over takes longer.
constexpr std::size_t kLittleWork = 16UL * 1024;

struct Slice {
  const Artifact* artifact;
  std::uint64_t offset;
  std::uint64_t length;
};

// What comes next in a body, or nothing at its end.
using Next = std::optional<std::variant<std::string, Slice>>;
using Source = std::function<Next()>;

Source bytes_of(const Archive& archive, Span span) {
  auto segments = std::make_shared<zip::Segments>(archive.plan(), span.offset, span.length);
  return [&archive, segments]() -> Next {
    auto segment = segments->next();
    if (!segment) return std::nullopt;
    if (auto* bytes = std::get_if<std::string>(&*segment)) return std::move(*bytes);
    const auto& slice = std::get<zip::MemberSlice>(*segment);
    return Slice{&archive.artifact(slice.member), slice.offset, slice.length};
  };
}

Source bytes_of(const Artifact& artifact, Span span) {
  if (span.offset > artifact.size || span.length > artifact.size - span.offset) {
    throw Error(ErrorCode::kUsage,
                fmt::format("{} bytes from {} on of the artifact '{}' of {} bytes", span.length,
                            span.offset, artifact.key, artifact.size));
  }
  auto is_given = std::make_shared<bool>(span.length == 0);
  return [&artifact, span, is_given]() -> Next {
    if (std::exchange(*is_given, true)) return std::nullopt;
    return Slice{&artifact, span.offset, span.length};
  };
}

struct Piece {
  explicit Piece(const async::any_io_executor& executor) : ready(executor) {}

  std::optional<Slice> slice;  // else the bytes are there from the beginning
  std::string bytes;
  std::uint32_t crc32 = 0;
  std::exception_ptr failure;
  async::Event ready;
};

async::awaitable<void> read_piece(ArtifactStore& store, async::WorkerPool& pool,
                                  std::shared_ptr<Piece> piece) {
  try {
    const Slice& slice = *piece->slice;
    piece->bytes = co_await store.read(*slice.artifact, slice.offset, slice.length);
    if (piece->bytes.size() != slice.length) {
      throw Error(ErrorCode::kInternal, "a store reads less than it was asked for");
    }
    if (piece->bytes.size() < kLittleWork) {
      piece->crc32 = crc32(piece->bytes);
    } else {
      auto sum = [piece] { return crc32(piece->bytes); };
      piece->crc32 = co_await pool.run(std::move(sum));
    }
  } catch (...) {
    piece->failure = std::current_exception();
  }
  piece->ready.set();
}

// Follows the slices of one artifact after the other. What does not begin at its beginning or is
// not read to its end cannot be checked, for the checksum is one of all.
class Checks {
 public:
  void add(const Slice& slice, std::uint32_t sum) {
    if (slice.offset == 0) {
      sum_ = 0;
      read_ = 0;
    } else if (slice.artifact != artifact_) {
      read_.reset();
    }
    artifact_ = slice.artifact;
    if (!read_) return;
    sum_ = crc32_of_both(sum_, sum, slice.length);
    *read_ += slice.length;
    if (*read_ != artifact_->size || sum_ == artifact_->crc32) return;
    throw Error(ErrorCode::kBadResponse,
                fmt::format("the artifact '{}' has changed in its store: its CRC-32 is {:08x} and "
                            "was {:08x}",
                            artifact_->key, sum_, artifact_->crc32));
  }

 private:
  const Artifact* artifact_ = nullptr;
  std::optional<std::uint64_t> read_;  // since its beginning
  std::uint32_t sum_ = 0;
};

class Stream {
 public:
  Stream(ArtifactStore& store, async::WorkerPool& pool, async::any_io_executor executor,
         Source source, Sink sink)
      : store_(store),
        pool_(pool),
        executor_(executor),
        source_(std::move(source)),
        sink_(std::move(sink)),
        scope_(executor) {}

  async::awaitable<void> run() {
    std::exception_ptr failure;
    try {
      co_await send_all();
    } catch (...) {
      failure = std::current_exception();
    }
    if (failure) scope_.cancel();
    co_await scope_.join();
    if (failure) std::rethrow_exception(failure);
  }

 private:
  async::awaitable<void> send_all() {
    for (read_ahead(); !ahead_.empty(); read_ahead()) {
      std::shared_ptr<Piece> piece = std::move(ahead_.front());
      ahead_.pop_front();
      if (piece->slice) co_await piece->ready.wait();
      if (piece->failure) std::rethrow_exception(piece->failure);
      if (piece->slice) {
        checks_.add(*piece->slice, piece->crc32);
        --reads_ahead_;
      }
      bytes_ahead_ -= piece->bytes.size();
      co_await send(std::move(piece->bytes));
    }
    co_await flush();
  }

  void read_ahead() {
    while (reads_ahead_ < kMostReadsAhead && bytes_ahead_ < kMostBytesAhead) {
      std::shared_ptr<Piece> piece = next_piece();
      if (!piece) return;
      ahead_.push_back(piece);
      bytes_ahead_ += piece->slice ? piece->slice->length : piece->bytes.size();
      if (!piece->slice) continue;
      ++reads_ahead_;
      scope_.spawn(read_piece(store_, pool_, piece));
    }
  }

  std::shared_ptr<Piece> next_piece() {
    auto piece = std::make_shared<Piece>(executor_);
    if (!rest_) {
      auto next = source_();
      if (!next) return nullptr;
      if (auto* bytes = std::get_if<std::string>(&*next)) {
        piece->bytes = std::move(*bytes);
        return piece;
      }
      rest_ = std::get<Slice>(*next);
    }
    piece->slice = rest_;
    piece->slice->length = std::min<std::uint64_t>(rest_->length, ArtifactStore::kMostRead);
    rest_->offset += piece->slice->length;
    rest_->length -= piece->slice->length;
    if (rest_->length == 0) rest_.reset();
    return piece;
  }

  async::awaitable<void> send(std::string bytes) {
    if (unsent_.size() + bytes.size() > kFullPiece) co_await flush();
    if (unsent_.empty()) {
      unsent_ = std::move(bytes);
    } else {
      unsent_ += bytes;
    }
  }

  async::awaitable<void> flush() {
    if (unsent_.empty()) co_return;
    co_await sink_(std::exchange(unsent_, ""));
  }

  ArtifactStore& store_;
  async::WorkerPool& pool_;
  async::any_io_executor executor_;
  Source source_;
  Sink sink_;
  async::TaskScope scope_;
  std::deque<std::shared_ptr<Piece>> ahead_;
  std::size_t reads_ahead_ = 0;
  std::size_t bytes_ahead_ = 0;
  std::optional<Slice> rest_;  // of a slice that is read in several pieces
  Checks checks_;
  std::string unsent_;
};

std::vector<zip::Member> members_of(const std::vector<Archive::Part>& parts) {
  std::vector<zip::Member> members;
  members.reserve(parts.size());
  for (const Archive::Part& part : parts) {
    members.push_back(
        {part.name, part.artifact.size, part.artifact.crc32, part.artifact.sha256, part.modified});
  }
  return members;
}

}  // namespace

Archive::Archive(const std::vector<Part>& parts) : plan_(members_of(parts)) {
  artifacts_.reserve(parts.size());
  for (const Part& part : parts) artifacts_.push_back(part.artifact);
}

async::awaitable<void> send_archive(ArtifactStore& store, async::WorkerPool& pool,
                                    std::shared_ptr<const Archive> archive, Span span, Sink sink) {
  auto executor = co_await boost::asio::this_coro::executor;
  Stream stream(store, pool, executor, bytes_of(*archive, span), std::move(sink));
  co_await stream.run();
}

async::awaitable<void> send_artifact(ArtifactStore& store, async::WorkerPool& pool,
                                     Artifact artifact, Span span, Sink sink) {
  auto executor = co_await boost::asio::this_coro::executor;
  Stream stream(store, pool, executor, bytes_of(artifact, span), std::move(sink));
  co_await stream.run();
}

}  // namespace gantry::artifacts
