#include "gantry/zip/records.hpp"

#include <algorithm>
#include <array>

namespace gantry::zip {
namespace {

// A field of all ones says that the value stands in a ZIP64 record.
constexpr std::uint64_t kOnes16 = 0xffff;
constexpr std::uint64_t kOnes32 = 0xffff'ffff;

constexpr unsigned kVersion = 20;
constexpr unsigned kVersionOfZip64 = 45;
constexpr unsigned kMadeByUnix = 3U << 8 | kVersionOfZip64;
constexpr unsigned kNameIsUtf8 = 1U << 11;
constexpr std::uint64_t kRegularFile0644 = 0100644ULL << 16;

constexpr std::size_t kZip64Head = 4;
constexpr std::size_t kTimestampExtra = 9;

class Fields {
 public:
  Fields& u16(std::uint64_t value) { return number(value, 2); }
  Fields& u32(std::uint64_t value) { return number(value, 4); }
  Fields& u64(std::uint64_t value) { return number(value, 8); }
  Fields& text(std::string_view value) {
    bytes_ += value;
    return *this;
  }
  std::string take() { return std::move(bytes_); }

 private:
  Fields& number(std::uint64_t value, int size) {
    for (int i = 0; i < size; ++i) bytes_ += static_cast<char>(value >> (8 * i) & 0xff);
    return *this;
  }
  std::string bytes_;
};

std::uint64_t clamped(std::uint64_t value, std::uint64_t ones) { return std::min(value, ones); }

bool has_zip64_size(const Entry& entry) { return entry.size >= kOnes32; }
bool has_zip64_offset(const Entry& entry) { return entry.offset >= kOnes32; }

// Date and time in steps of two seconds from 1980 to 2107, in UTC, so that the same members make
// the same bytes everywhere. Readers that know the extended timestamp do not look at it.
std::uint32_t dos_time(std::chrono::sys_seconds modified) {
  using namespace std::chrono;
  constexpr sys_seconds kFirst = sys_days(year(1980) / 1 / 1);
  constexpr sys_seconds kLast = sys_days(year(2107) / 12 / 31) + hours(24) - seconds(2);
  sys_seconds time = std::clamp(modified, kFirst, kLast);
  auto day = floor<days>(time);
  year_month_day date(day);
  hh_mm_ss clock(time - day);
  auto years = static_cast<unsigned>(static_cast<int>(date.year()) - 1980);
  unsigned dos_date =
      years << 9 | static_cast<unsigned>(date.month()) << 5 | static_cast<unsigned>(date.day());
  auto dos_clock = static_cast<unsigned>(
      clock.hours().count() << 11 | clock.minutes().count() << 5 | clock.seconds().count() / 2);
  return dos_date << 16 | dos_clock;
}

// Seconds since 1970; the field ends in 2038.
void add_timestamp(Fields& fields, std::chrono::sys_seconds modified) {
  std::int64_t seconds = modified.time_since_epoch().count();
  seconds = std::clamp<std::int64_t>(seconds, INT32_MIN, INT32_MAX);
  constexpr unsigned kHasModificationTime = 1;
  fields.u16(0x5455).u16(5).text(std::string(1, char{kHasModificationTime}));
  fields.u32(static_cast<std::uint32_t>(seconds));
}

// What both records of a member have in the same order: from the version that can read it to the
// length of its name.
void add_common(Fields& fields, const Entry& entry, bool is_zip64) {
  fields.u16(is_zip64 ? kVersionOfZip64 : kVersion).u16(kNameIsUtf8);
  fields.u16(0);  // stored
  fields.u32(dos_time(entry.modified)).u32(entry.crc32);
  fields.u32(clamped(entry.size, kOnes32)).u32(clamped(entry.size, kOnes32));
  fields.u16(entry.name.size());
}

std::size_t local_zip64_size(const Entry& entry) {
  return has_zip64_size(entry) ? kZip64Head + 16 : 0;
}

std::size_t directory_zip64_size(const Entry& entry) {
  if (!has_zip64_size(entry) && !has_zip64_offset(entry)) return 0;
  return kZip64Head + (has_zip64_size(entry) ? 16U : 0U) + (has_zip64_offset(entry) ? 8U : 0U);
}

}  // namespace

std::size_t local_header_size(const Entry& entry) {
  return 30 + entry.name.size() + local_zip64_size(entry) + kTimestampExtra;
}

std::string local_header(const Entry& entry) {
  Fields fields;
  std::size_t zip64 = local_zip64_size(entry);
  fields.u32(0x0403'4b50);
  add_common(fields, entry, zip64 > 0);
  fields.u16(zip64 + kTimestampExtra).text(entry.name);
  if (zip64 > 0) fields.u16(1).u16(zip64 - kZip64Head).u64(entry.size).u64(entry.size);
  add_timestamp(fields, entry.modified);
  return fields.take();
}

std::size_t directory_entry_size(const Entry& entry) {
  return 46 + entry.name.size() + directory_zip64_size(entry) + kTimestampExtra;
}

std::string directory_entry(const Entry& entry) {
  Fields fields;
  std::size_t zip64 = directory_zip64_size(entry);
  fields.u32(0x0201'4b50).u16(kMadeByUnix);
  add_common(fields, entry, zip64 > 0);
  fields.u16(zip64 + kTimestampExtra);
  fields.u16(0).u16(0).u16(0);  // no comment, first disk, nothing known of its content
  fields.u32(kRegularFile0644).u32(clamped(entry.offset, kOnes32)).text(entry.name);
  if (zip64 > 0) {
    fields.u16(1).u16(zip64 - kZip64Head);
    if (has_zip64_size(entry)) fields.u64(entry.size).u64(entry.size);
    if (has_zip64_offset(entry)) fields.u64(entry.offset);
  }
  add_timestamp(fields, entry.modified);
  return fields.take();
}

std::string directory_end(std::uint64_t entries, std::uint64_t offset, std::uint64_t size) {
  Fields fields;
  if (entries >= kOnes16 || offset >= kOnes32 || size >= kOnes32) {
    fields.u32(0x0606'4b50).u64(44).u16(kMadeByUnix).u16(kVersionOfZip64).u32(0).u32(0);
    fields.u64(entries).u64(entries).u64(size).u64(offset);
    fields.u32(0x0706'4b50).u32(0).u64(offset + size).u32(1);  // where that record is, on one disk
  }
  fields.u32(0x0605'4b50).u16(0).u16(0);
  fields.u16(clamped(entries, kOnes16)).u16(clamped(entries, kOnes16));
  fields.u32(clamped(size, kOnes32)).u32(clamped(offset, kOnes32)).u16(0);
  return fields.take();
}

}  // namespace gantry::zip
