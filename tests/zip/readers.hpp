// Archives in files, and the programs of other people that read them.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "gantry/zip/archive_plan.hpp"

namespace gantry::testing {

struct Content {
  zip::Member member;
  std::string bytes;  // empty for a member of zeros, whatever its size
};

Content text_member(RelativePath name, std::string bytes);
// A member of that many zeros, which take no place on the disk.
Content zeros(RelativePath name, std::uint64_t size);

zip::ArchivePlan plan_of(const std::vector<Content>& contents);
// Holes stand for zeros.
void write_archive(const std::vector<Content>& contents, const std::filesystem::path& file);

// Each of: unzip, 7z, bsdtar (of the file and of a stream), Python, Java (ZipFile, and
// ZipInputStream of a stream), yauzl. Every reader finds all members with their names, sizes and
// checksums, in this order. One that is not installed is named on standard error and left out.
void expect_all_readers_agree(const std::vector<Content>& contents,
                              const std::filesystem::path& file);

}  // namespace gantry::testing
