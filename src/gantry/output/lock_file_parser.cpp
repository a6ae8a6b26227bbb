#include <algorithm>
#include <limits>
#include <optional>
#include <utility>

#include <boost/json/basic_parser_impl.hpp>

#include "gantry/base/error.hpp"
#include "gantry/output/lock_file.hpp"

namespace gantry::output {
namespace {

namespace json = boost::json;

// Builds a LockFile from the events of the JSON parser, without a document in between: a fault is
// noticed at its line, and memory stays near the size of the result.
class LockFileHandler {
 public:
  // NOLINTBEGIN(readability-identifier-naming): names that the parser wants
  static constexpr std::size_t max_object_size = std::numeric_limits<std::size_t>::max();
  static constexpr std::size_t max_array_size = std::numeric_limits<std::size_t>::max();
  static constexpr std::size_t max_key_size = 64;
  static constexpr std::size_t max_string_size = 65'536;
  // NOLINTEND(readability-identifier-naming)

  LockFile result;
  std::string problem;

  bool on_document_begin(json::error_code&) { return true; }
  bool on_document_end(json::error_code&) { return true; }
  bool on_object_begin(json::error_code& error) {
    if (level_ != kNothing && level_ != kOutputs && level_ != kFiles) return refuse_value(error);
    level_ = static_cast<Level>(level_ + 1);
    key_.clear();
    if (level_ == kOutput) output_ = {}, files_.clear();
    if (level_ == kFile) path_.reset(), size_.reset(), digest_.reset(), source_.clear();
    return true;
  }
  bool on_object_end(std::size_t, json::error_code& error) {
    if (level_ == kFile) {
      if (!path_ || !size_ || !digest_) {
        return refuse("a file needs \"path\", \"size\" and \"sha256\"", error);
      }
      files_.insert(files_.end(),
                    LockedFile{*std::move(path_), *size_, *digest_, std::move(source_)});
    } else if (level_ == kOutput) {
      if (output_.job.empty() || output_.root.empty()) {
        return refuse("an output needs \"job\" and \"root\"", error);
      }
      if (!result.outputs.emplace(output_, std::move(files_)).second) {
        return refuse(
            "the root '" + output_.root + "' of the job '" + output_.job + "' is listed twice",
            error);
      }
      files_.clear();
    } else if (!versioned_) {
      return refuse("\"version\" is missing", error);
    }
    level_ = static_cast<Level>(level_ - 1);
    return true;
  }
  bool on_array_begin(json::error_code& error) {
    bool expected = (level_ == kTop && key_ == "outputs") || (level_ == kOutput && key_ == "files");
    if (!expected) return refuse_value(error);
    level_ = static_cast<Level>(level_ + 1);
    return true;
  }
  bool on_array_end(std::size_t, json::error_code&) {
    level_ = static_cast<Level>(level_ - 1);
    return true;
  }

  bool on_key_part(json::string_view text, std::size_t, json::error_code&) {
    part_.append(text.data(), text.size());
    return true;
  }
  bool on_key(json::string_view text, std::size_t, json::error_code&) {
    part_.append(text.data(), text.size());
    key_ = std::exchange(part_, {});
    return true;
  }
  bool on_string_part(json::string_view text, std::size_t, json::error_code&) {
    part_.append(text.data(), text.size());
    return true;
  }
  bool on_string(json::string_view text, std::size_t, json::error_code& error) {
    part_.append(text.data(), text.size());
    std::string value = std::exchange(part_, {});
    if (level_ == kOutput && key_ == "job") return output_.job = std::move(value), true;
    if (level_ == kOutput && key_ == "root") return output_.root = std::move(value), true;
    if (level_ == kFile && key_ == "source") return source_ = std::move(value), true;
    if (level_ == kFile && key_ == "path") {
      try {
        path_.emplace(value);
      } catch (const Error& unsafe) {
        return refuse(unsafe.message(), error);
      }
      return true;
    }
    if (level_ == kFile && key_ == "sha256") {
      digest_ = Digest::from_hex(value);
      return digest_ ? true : refuse("\"sha256\" is not 64 lower-case hex digits", error);
    }
    return refuse_value(error);
  }

  bool on_number_part(json::string_view, json::error_code&) { return true; }
  bool on_int64(std::int64_t value, json::string_view, json::error_code& error) {
    if (level_ == kTop && key_ == "version") {
      versioned_ = value == LockFile::kVersion;
      return versioned_ ? true
                        : refuse("it has version " + std::to_string(value) +
                                     ", and this Gantry knows version " +
                                     std::to_string(LockFile::kVersion),
                                 error);
    }
    if (level_ == kFile && key_ == "size" && value >= 0) {
      size_ = static_cast<std::uint64_t>(value);
      return true;
    }
    return refuse_value(error);
  }
  bool on_uint64(std::uint64_t, json::string_view, json::error_code& error) {
    return refuse_value(error);
  }
  bool on_double(double, json::string_view, json::error_code& error) { return refuse_value(error); }
  bool on_bool(bool, json::error_code& error) { return refuse_value(error); }
  bool on_null(json::error_code& error) { return refuse_value(error); }
  bool on_comment_part(json::string_view, json::error_code&) { return true; }
  bool on_comment(json::string_view, json::error_code&) { return true; }

 private:
  // { "outputs": [ { "files": [ {
  enum Level { kNothing, kTop, kOutputs, kOutput, kFiles, kFile };

  bool refuse(std::string what, json::error_code& error) {
    problem = std::move(what);
    error = json::error::syntax;
    return false;
  }
  bool refuse_value(json::error_code& error) {
    return refuse(key_.empty() ? "something stands here that no lock file has"
                               : "\"" + key_ + "\" is not known or has a wrong value here",
                  error);
  }

  Level level_ = kNothing;
  bool versioned_ = false;
  std::string key_;
  std::string part_;
  LockedOutput output_;
  std::set<LockedFile> files_;
  std::optional<RelativePath> path_;
  std::optional<std::uint64_t> size_;
  std::optional<Digest> digest_;
  std::string source_;
};

}  // namespace

LockFile LockFile::parse(std::string_view text, const std::string& name) {
  if (text.empty()) return {};
  json::parse_options options;
  options.max_depth = 8;
  options.allow_invalid_utf8 = true;  // job names and roots are names of the file system
  json::basic_parser<LockFileHandler> parser(options);
  json::error_code error;
  std::size_t end = parser.write_some(false, text.data(), text.size(), error);
  if (!error && end < text.size()) error = json::error::extra_data;
  if (!error) return std::move(parser.handler().result);
  const std::string& problem = parser.handler().problem;
  auto line = 1 + std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(end), '\n');
  throw Error(ErrorCode::kInvalidConfig,
              (problem.empty() ? "not valid JSON (" + error.message() + ")" : problem) +
                  "; restore the file from version control, or delete it (files that are no "
                  "longer exported then stay)")
      .at({name, static_cast<int>(line), 0});
}

}  // namespace gantry::output
