// The exact bytes of a ZIP archive, known before any of them is made.
//
// A plan is computed from what is known of the members: it gives the length of the archive, its
// hash, and any range of it as a sequence of segments, where the records of the archive are bytes
// and the members are named. So an archive of any size can be sent, in whole or in part, from where
// its members are stored. Equal members in equal order make equal archives.
//
// A plan takes 48 bytes and the name for each member. To keep one, keep its members in their order:
// the rest follows from them. Never changes once made; any thread may read it.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "gantry/base/hash.hpp"
#include "gantry/base/relative_path.hpp"

namespace gantry::zip {

struct Entry;

struct Member {
  RelativePath name;  // from archive_names()
  std::uint64_t size = 0;
  std::uint32_t crc32 = 0;
  Digest sha256;  // of the bytes: archives with the same ETag have the same bytes
  std::chrono::sys_seconds modified{};
};

// Bytes of a member, which is counted from 0.
struct MemberSlice {
  std::size_t member = 0;
  std::uint64_t offset = 0;
  std::uint64_t length = 0;

  bool operator==(const MemberSlice&) const = default;
};

using Segment = std::variant<std::string, MemberSlice>;

class ArchivePlan {
 public:
  // kConflict if two names are one file on some system; kTooLarge for a name beyond 65,535 bytes or
  // an archive beyond 2^63.
  explicit ArchivePlan(std::span<const Member> members);

  // Of the archive, in bytes.
  std::uint64_t size() const { return size_; }
  // A strong entity tag, with its quotes.
  const std::string& etag() const { return etag_; }

  std::size_t member_count() const { return places_.size(); }
  std::string_view name(std::size_t member) const;
  std::uint64_t member_size(std::size_t member) const { return places_[member].size; }
  std::uint32_t crc32(std::size_t member) const { return places_[member].crc32; }
  // Where the local header of the member begins.
  std::uint64_t header_offset(std::size_t member) const { return places_[member].header; }

 private:
  friend class Segments;
  struct Place {
    std::uint64_t name = 0;       // where it begins in names_
    std::uint64_t size = 0;       // of the member
    std::uint64_t header = 0;     // where it begins in the archive
    std::uint64_t directory = 0;  // where its entry begins in the directory
    std::chrono::sys_seconds modified{};
    std::uint32_t crc32 = 0;
    std::uint16_t name_size = 0;
  };

  Entry describe(const Place& place) const;
  // Of the places that begin at or before the position, the last.
  std::size_t member_at(std::uint64_t position, std::uint64_t Place::*begin) const;
  // What is left of the member whose bytes stand at the position; nothing if none do.
  std::optional<MemberSlice> slice_at(std::uint64_t position) const;
  // What is left of the record that stands there.
  std::string record_at(std::uint64_t position) const;

  std::string names_;
  std::vector<Place> places_;
  std::uint64_t directory_ = 0;  // where it begins in the archive
  std::uint64_t end_ = 0;        // where it ends and the last records begin
  std::uint64_t size_ = 0;
  std::string etag_;
};

// The segments of a range of an archive, in order, made as they are asked for. One thread at a
// time; the plan outlives it.
class Segments {
 public:
  // kUsage if the range is not within the archive.
  Segments(const ArchivePlan& plan, std::uint64_t offset, std::uint64_t length);

  // Nothing after the last one. None is empty, and bytes come in pieces of little more than 64 KiB.
  std::optional<Segment> next();

 private:
  const ArchivePlan& plan_;
  std::uint64_t position_;
  std::uint64_t end_;
};

}  // namespace gantry::zip
