#include "tests/zip/readers.hpp"

#include <algorithm>
#include <iostream>
#include <stdexcept>

#include <fcntl.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "gantry/base/crc32.hpp"

#include "testing/data.hpp"
#include "testing/npm.hpp"
#include "testing/process.hpp"

namespace gantry::testing {
namespace fs = std::filesystem;
namespace {

constexpr std::chrono::sys_seconds kModified{std::chrono::seconds(1'763'061'234)};

bool is_installed(const std::string& program) {
  bool found = run({.program = "sh", .arguments = {"-c", "command -v " + program}}).exit_code == 0;
  if (!found) std::cerr << program << " is not installed: it does not read this archive\n";
  return found;
}

// Runs a line of bash with the archive as $1.
ProcessResult read_with(const std::string& line, const fs::path& file) {
  return run({.program = "bash",
              .arguments = {"-o", "pipefail", "-c", line, "bash", file.string()},
              .environment = {{"LC_ALL", "C.UTF-8"}},
              .time_limit = std::chrono::minutes(5)});
}

void expect_reads(const std::string& line, const fs::path& file, const std::string& expected) {
  ProcessResult result = read_with(line, file);
  EXPECT_EQ(result.exit_code, 0) << line << "\n" << result.out.substr(0, 2'000) << result.err;
  EXPECT_TRUE(result.out == expected) << line << " prints " << result.out.substr(0, 2'000);
}

// A line for each member, as the scripts beside this file print them.
std::string listing_of(const std::vector<Content>& contents) {
  std::string lines;
  for (const Content& content : contents) {
    lines += fmt::format("{:08x} {} {}\n", content.member.crc32, content.member.size,
                         content.member.name.text());
  }
  return lines;
}

void expect_tools_agree(const std::vector<Content>& contents, const fs::path& file) {
  std::string names;
  std::uint64_t total = 0;
  for (const Content& content : contents) {
    names += content.member.name.text() + "\n";
    total += content.member.size;
  }
  // unzip calls an archive without members empty and ends with 1.
  if (is_installed("unzip")) {
    ProcessResult result = read_with(R"(unzip -tqq "$1")", file);
    EXPECT_EQ(result.exit_code, contents.empty() ? 1 : 0) << result.out << result.err;
  }
  if (is_installed("7zz")) {
    ProcessResult result = read_with(R"(7zz t -bd "$1")", file);
    EXPECT_EQ(result.exit_code, 0) << result.out << result.err;
    EXPECT_EQ(result.out.find("Warnings"), std::string::npos) << result.out;
  }
  if (is_installed("bsdtar")) {
    std::string bytes = fmt::format("{}\n", total);
    expect_reads(R"(bsdtar -tf "$1")", file, names);
    expect_reads(R"(bsdtar -xOf "$1" | wc -c)", file, bytes);
    expect_reads(R"(bsdtar -xOf - <"$1" | wc -c)", file, bytes);
  }
}

}  // namespace

Content text_member(RelativePath name, std::string bytes) {
  zip::Member member{std::move(name), bytes.size(), crc32(bytes), sha256(bytes), kModified};
  return {std::move(member), std::move(bytes)};
}

Content zeros(RelativePath name, std::uint64_t size) {
  constexpr std::uint64_t kBlock = 1 << 20;
  const std::uint32_t block = crc32(std::string(kBlock, '\0'));
  std::uint32_t sum = crc32(std::string(size % kBlock, '\0'));
  for (std::uint64_t i = 0; i < size / kBlock; ++i) sum = crc32_of_both(sum, block, kBlock);
  return {{std::move(name), size, sum, Digest(), kModified}, ""};
}

zip::ArchivePlan plan_of(const std::vector<Content>& contents) {
  std::vector<zip::Member> members;
  members.reserve(contents.size());
  for (const Content& content : contents) members.push_back(content.member);
  return zip::ArchivePlan(members);
}

void write_archive(const std::vector<Content>& contents, const fs::path& file) {
  zip::ArchivePlan plan = plan_of(contents);
  int descriptor = ::open(file.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  std::uint64_t offset = 0;
  auto write = [&](std::string_view bytes) {
    auto size = static_cast<ssize_t>(bytes.size());
    if (::pwrite(descriptor, bytes.data(), bytes.size(), static_cast<off_t>(offset)) != size) {
      throw std::runtime_error("cannot write " + file.string());
    }
    offset += bytes.size();
  };
  zip::Segments segments(plan, 0, plan.size());
  while (auto segment = segments.next()) {
    const auto* slice = std::get_if<zip::MemberSlice>(&*segment);
    if (slice == nullptr) {
      write(std::get<std::string>(*segment));
    } else if (const std::string& bytes = contents[slice->member].bytes; bytes.empty()) {
      offset += slice->length;
    } else {
      write(std::string_view(bytes).substr(slice->offset, slice->length));
    }
  }
  ::close(descriptor);
  EXPECT_EQ(fs::file_size(file), plan.size());
}

void expect_all_readers_agree(const std::vector<Content>& contents, const fs::path& file) {
  expect_tools_agree(contents, file);
  std::string listing = listing_of(contents);
  std::string folder = (source_folder() / "tests/zip").string();
  if (is_installed("python3")) {
    expect_reads("python3 '" + folder + R"(/read_zip.py' "$1")", file, listing);
  }
  if (is_installed("javac")) {
    expect_reads("java '" + folder + R"(/ReadZip.java' file "$1")", file, listing);
    expect_reads("java '" + folder + R"(/ReadZip.java' stream <"$1")", file, listing);
  }
  ProcessResult result = run_with_npm("zip", "tests/zip/read_zip.mjs", file.string());
  if (result.exit_code == kSkippedWithoutNpm) {
    std::cerr << result.out;
  } else {
    EXPECT_EQ(result.exit_code, 0) << result.err;
    EXPECT_TRUE(result.out == listing) << "yauzl finds " << result.out.substr(0, 2'000);
  }
}

}  // namespace gantry::testing
