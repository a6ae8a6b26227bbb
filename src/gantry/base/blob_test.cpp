#include "gantry/base/blob.hpp"

#include <filesystem>
#include <vector>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "gantry/base/error.hpp"

namespace gantry {
namespace {

namespace fs = std::filesystem;

Blob in_file(const std::string& text) {
  auto file = TemporaryFile::create(fs::temp_directory_path(), "gantry-blob-");
  file->append(text);
  file->close();
  return Blob::from_file(file, text.size(), sha256(text));
}

std::string copied(const Blob& blob) {
  auto target = TemporaryFile::create(fs::temp_directory_path(), "gantry-copy-");
  blob.copy_to(target->descriptor(), "the copy");
  return read_file(target->path());
}

TEST(Blob, IsTheSameValueInMemoryAndInAFile) {
  for (const std::string& text :
       {std::string(), std::string("a\0b", 3), std::string(700'000, 'x')}) {
    for (const Blob& blob : {Blob::from_bytes(text), in_file(text)}) {
      EXPECT_EQ(blob.size(), text.size());
      EXPECT_EQ(blob.digest(), sha256(text));
      EXPECT_EQ(blob.read(1'000'000), text);
      EXPECT_EQ(blob.head(2), text.substr(0, 2));
      EXPECT_EQ(blob.head(1'000'000), text);
      EXPECT_EQ(copied(blob), text);
      EXPECT_EQ(blob.view(), blob.in_memory() ? text : "");
    }
  }
  EXPECT_TRUE(Blob::from_bytes("x").in_memory());
  EXPECT_FALSE(in_file("x").in_memory());
}

TEST(Blob, DefaultIsEmpty) {
  EXPECT_EQ(Blob().size(), 0U);
  EXPECT_EQ(Blob().digest(), sha256(""));
  EXPECT_EQ(copied(Blob()), "");
}

TEST(Blob, CopiesShareTheBytes) {
  Blob blob = Blob::from_bytes(std::string(1'000, 'x'));
  std::vector<Blob> copies(2, blob);
  EXPECT_EQ(copies[0].view().data(), blob.view().data());
  EXPECT_EQ(copies[1].view().data(), blob.view().data());
}

TEST(Blob, FileGoesWithTheLastCopy) {
  auto file = TemporaryFile::create(fs::temp_directory_path(), "gantry-blob-");
  fs::path path = file->path();
  Blob blob = Blob::from_file(std::move(file), 0, sha256(""));
  Blob copy = blob;
  blob = Blob();
  EXPECT_TRUE(fs::exists(path));
  copy = Blob();
  EXPECT_FALSE(fs::exists(path));
}

TEST(Blob, ReadsNoMoreThanTheLimit) {
  for (const Blob& blob : {Blob::from_bytes("12345"), in_file("12345")}) {
    EXPECT_EQ(blob.read(5), "12345");
    try {
      blob.read(4);
      ADD_FAILURE();
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kTooLarge);
    }
  }
}

TEST(Blob, CopyFailsWithTheNameOfTheTarget) {
  int closed = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  for (const Blob& blob : {Blob::from_bytes("12345"), in_file("12345")}) {
    try {
      blob.copy_to(closed, "out/a.svg");
      ADD_FAILURE();
    } catch (const Error& error) {
      EXPECT_EQ(error.message(), "cannot write out/a.svg: Bad file descriptor");
    }
  }
  ::close(closed);
}

}  // namespace
}  // namespace gantry
