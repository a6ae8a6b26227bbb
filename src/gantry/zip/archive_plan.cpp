#include "gantry/zip/archive_plan.hpp"

#include <algorithm>
#include <limits>
#include <unordered_set>

#include <fmt/format.h>

#include "gantry/base/error.hpp"
#include "gantry/zip/records.hpp"

namespace gantry::zip {
namespace {

constexpr std::size_t kLongestName = 65'535;
// What files and Content-Length can express everywhere.
constexpr std::uint64_t kLargestArchive = std::numeric_limits<std::int64_t>::max();
constexpr std::size_t kPiece = 64UL * 1024;

// Of all that the bytes of an archive follow from, with the members' content. The first line
// changes with the layout.
class PlanHash {
 public:
  PlanHash() { hash_.update("gantry archive 1\n"); }

  void add(const Member& member) {
    number(member.name.text().size());
    hash_.update(member.name.text());
    number(member.size);
    number(member.crc32);
    number(static_cast<std::uint64_t>(member.modified.time_since_epoch().count()));
    hash_.update(std::string_view(reinterpret_cast<const char*>(member.sha256.bytes.data()),
                                  member.sha256.bytes.size()));
  }
  std::string etag() { return '"' + hash_.finish().hex() + '"'; }

 private:
  void number(std::uint64_t value) {
    char bytes[8];
    for (int i = 0; i < 8; ++i) bytes[i] = static_cast<char>(value >> (8 * i) & 0xff);
    hash_.update(std::string_view(bytes, sizeof bytes));
  }
  Sha256 hash_;
};

void check_names(std::span<const Member> members) {
  std::unordered_set<std::string> known;
  for (const Member& member : members) {
    const std::string& name = member.name.text();
    if (name.size() > kLongestName) {
      throw Error(ErrorCode::kTooLarge, fmt::format("the name '{}...' has {} bytes, more than the "
                                                    "{} that an archive can hold",
                                                    name.substr(0, 50), name.size(), kLongestName));
    }
    if (!known.insert(member.name.collision_key()).second) {
      throw Error(ErrorCode::kConflict, "two members of an archive have the name '" + name + "'");
    }
  }
}

}  // namespace

ArchivePlan::ArchivePlan(std::span<const Member> members) {
  check_names(members);
  PlanHash hash;
  places_.reserve(members.size());
  std::uint64_t header = 0;
  std::uint64_t entry = 0;
  for (const Member& member : members) {
    hash.add(member);
    const std::string& name = member.name.text();
    places_.push_back({.name = names_.size(),
                       .size = member.size,
                       .header = header,
                       .directory = entry,
                       .modified = member.modified,
                       .crc32 = member.crc32,
                       .name_size = static_cast<std::uint16_t>(name.size())});
    names_ += name;
    Entry described = describe(places_.back());
    entry += directory_entry_size(described);
    if (header > kLargestArchive || member.size > kLargestArchive - header) {
      throw Error(ErrorCode::kTooLarge, "an archive of more than 2^63 bytes is asked for");
    }
    header += local_header_size(described) + member.size;
  }
  directory_ = header;
  end_ = directory_ + entry;
  size_ = end_ + directory_end(places_.size(), directory_, entry).size();
  if (size_ > kLargestArchive) {
    throw Error(ErrorCode::kTooLarge, "an archive of more than 2^63 bytes is asked for");
  }
  names_.shrink_to_fit();
  etag_ = hash.etag();
}

Entry ArchivePlan::describe(const Place& place) const {
  return {.name = std::string_view(names_).substr(place.name, place.name_size),
          .size = place.size,
          .offset = place.header,
          .crc32 = place.crc32,
          .modified = place.modified};
}

std::string_view ArchivePlan::name(std::size_t member) const {
  return describe(places_.at(member)).name;
}

std::size_t ArchivePlan::member_at(std::uint64_t position, std::uint64_t Place::*begin) const {
  auto after = std::upper_bound(
      places_.begin(), places_.end(), position,
      [begin](std::uint64_t value, const Place& place) { return value < place.*begin; });
  return static_cast<std::size_t>(after - places_.begin()) - 1;
}

std::optional<MemberSlice> ArchivePlan::slice_at(std::uint64_t position) const {
  if (position >= directory_) return std::nullopt;
  std::size_t member = member_at(position, &Place::header);
  const Place& place = places_[member];
  std::uint64_t begin = place.header + local_header_size(describe(place));
  if (position < begin) return std::nullopt;
  return MemberSlice{member, position - begin, place.size - (position - begin)};
}

std::string ArchivePlan::record_at(std::uint64_t position) const {
  if (position >= end_) {
    return directory_end(places_.size(), directory_, end_ - directory_).substr(position - end_);
  }
  if (position >= directory_) {
    std::uint64_t within = position - directory_;
    const Place& place = places_[member_at(within, &Place::directory)];
    return directory_entry(describe(place)).substr(within - place.directory);
  }
  const Place& place = places_[member_at(position, &Place::header)];
  return local_header(describe(place)).substr(position - place.header);
}

Segments::Segments(const ArchivePlan& plan, std::uint64_t offset, std::uint64_t length)
    : plan_(plan), position_(offset), end_(offset + length) {
  if (offset > plan.size() || length > plan.size() - offset) {
    throw Error(ErrorCode::kUsage, fmt::format("bytes {} and {} more are not within an archive "
                                               "of {}",
                                               offset, length, plan.size()));
  }
}

std::optional<Segment> Segments::next() {
  std::string bytes;
  while (position_ < end_ && bytes.size() < kPiece) {
    std::optional<MemberSlice> slice = plan_.slice_at(position_);
    if (slice && !bytes.empty()) break;
    if (slice) {
      slice->length = std::min(slice->length, end_ - position_);
      position_ += slice->length;
      return Segment(*slice);
    }
    std::string record = plan_.record_at(position_);
    if (record.size() > end_ - position_) record.resize(end_ - position_);
    position_ += record.size();
    bytes += record;
  }
  if (bytes.empty()) return std::nullopt;
  return Segment(std::move(bytes));
}

}  // namespace gantry::zip
