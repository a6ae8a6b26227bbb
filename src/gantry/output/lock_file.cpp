#include "gantry/output/lock_file.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdio>

#include <boost/json/serialize.hpp>
#include <fcntl.h>
#include <sys/stat.h>

#include "gantry/base/error.hpp"
#include "gantry/output/descriptor.hpp"

namespace gantry::output {
namespace fs = std::filesystem;
namespace {

fs::path folder_of(const fs::path& path) {
  return path.has_parent_path() ? path.parent_path() : fs::path(".");
}

std::string read_if_present(const fs::path& path) {
  try {
    return read_file(path, LockFile::kMostBytes);
  } catch (const Error& error) {
    if (error.code() == ErrorCode::kNotFound) return {};
    throw;
  }
}

std::string json_string(std::string_view text) {
  auto is_plain = [](char byte) {
    return byte >= ' ' && byte < 0x7f && byte != '"' && byte != '\\';
  };
  if (std::all_of(text.begin(), text.end(), is_plain)) return '"' + std::string(text) + '"';
  return boost::json::serialize(boost::json::string_view(text.data(), text.size()));
}

void print_file(const LockedFile& file, std::string& text) {
  text += "        {\"path\": " + json_string(file.path.text()) +
          ", \"size\": " + std::to_string(file.size) + ", \"sha256\": \"" + file.digest.hex() +
          "\"";
  if (!file.source.empty()) text += ", \"source\": " + json_string(file.source);
  text += "}";
}

}  // namespace

std::string LockFile::print() const {
  std::string text = "{\n  \"version\": " + std::to_string(kVersion) + ",\n  \"outputs\": [";
  const char* between_outputs = "\n";
  for (const auto& [output, files] : outputs) {
    text += between_outputs;
    text += "    {\n      \"job\": " + json_string(output.job) +
            ",\n      \"root\": " + json_string(output.root) + ",\n      \"files\": [";
    const char* between_files = "\n";
    for (const LockedFile& file : files) {
      text += between_files;
      print_file(file, text);
      between_files = ",\n";
    }
    text += "\n      ]\n    }";
    between_outputs = ",\n";
  }
  return text + (outputs.empty() ? "]\n}\n" : "\n  ]\n}\n");
}

LockFile LockFile::read(const fs::path& path) {
  return parse(read_if_present(path), path.string());
}

std::string root_in_lock(const fs::path& folder, const fs::path& root) {
  fs::path from = fs::absolute(folder.empty() ? fs::path(".") : folder).lexically_normal();
  if (!from.has_filename()) from = from.parent_path();
  fs::path relative = output_root(fs::absolute(root).string()).lexically_relative(from);
  // A root that was given as an absolute path elsewhere is the same place for every folder.
  bool leads_out = relative.empty() || *relative.begin() == "..";
  return (leads_out && root.is_absolute() ? output_root(root.string()) : relative).generic_string();
}

LockFileEdit::LockFileEdit(const fs::path& path, Known known)
    : path_(path),
      unfinished_(folder_of(path) / ("." + path.filename().string() + ".new")),
      lock_(FileLock::acquire(folder_of(path))) {
  ::unlink(unfinished_.c_str());  // of a process that was killed while it wrote
  text_ = read_if_present(path_);
  bool is_known = !text_.empty() && text_ == known.text;
  content = is_known ? std::move(known.content) : LockFile::parse(text_, path_.string());
}

bool LockFileEdit::save() {
  std::string text = content.print();
  if (text == text_ || (text_.empty() && content.outputs.empty())) return false;
  {
    Descriptor file(
        ::open(unfinished_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666));
    if (!file) throw system_error("cannot create " + unfinished_.string(), errno);
    try {
      write_all(file.get(), text, path_.string());
    } catch (...) {
      ::unlink(unfinished_.c_str());
      throw;
    }
  }
  if (std::rename(unfinished_.c_str(), path_.c_str()) != 0) {
    int reason = errno;
    ::unlink(unfinished_.c_str());
    throw system_error("cannot write " + path_.string(), reason);
  }
  text_ = std::move(text);
  return true;
}

}  // namespace gantry::output
