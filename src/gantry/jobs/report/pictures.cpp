#include "gantry/jobs/report/pictures.hpp"

#include <algorithm>
#include <filesystem>
#include <map>
#include <string_view>
#include <unordered_set>

#include <boost/json.hpp>
#include <openssl/evp.h>

#include "gantry/base/files.hpp"
#include "gantry/base/hash.hpp"
#include "gantry/jobs/report/value.hpp"

namespace gantry::jobs {
namespace {

namespace json = boost::json;

// Empty for what is not a picture that every browser knows.
std::string_view mime_of(std::string_view path) {
  std::string extension = std::filesystem::path(path).extension().string();
  std::transform(extension.begin(), extension.end(), extension.begin(),
                 [](char letter) { return letter >= 'A' && letter <= 'Z' ? letter + 32 : letter; });
  if (extension == ".svg") return "image/svg+xml";
  if (extension == ".png") return "image/png";
  if (extension == ".webp") return "image/webp";
  if (extension == ".jpg" || extension == ".jpeg") return "image/jpeg";
  return {};
}

// Every picture that the page can show, within the limits.
class Uris {
 public:
  explicit Uris(const PictureLimits& limits) : limits_(limits) {}

  // The index of the URI of a file, or null. A file is read once.
  json::value of_file(const std::string& path) {
    auto [known, is_new] = files_.try_emplace(path);
    if (is_new) known->second = read(path);
    return known->second;
  }

  json::value of_bytes(std::string_view path, std::string_view bytes) {
    auto [known, is_new] = indices_.try_emplace(sha256(bytes), list_.size());
    if (!is_new) return known->second;
    std::string uri = "data:";
    uri.append(mime_of(path)).append(";base64,").append(base64(bytes));
    if (bytes.size() > limits_.one || total_ + uri.size() > limits_.all) {
      indices_.erase(known);
      ++left_out_;
      return nullptr;
    }
    total_ += uri.size();
    list_.emplace_back(uri);
    return known->second;
  }

  void put_into(json::object& value) && {
    value["uris"] = std::move(list_);
    value["unreadable"] = unreadable_;
    value["leftOut"] = left_out_;
  }

 private:
  json::value read(const std::string& path) {
    try {
      // Whatever else has come to this place since, such as a pipe, might never end.
      if (!std::filesystem::is_regular_file(path)) {
        ++unreadable_;
        return nullptr;
      }
      return of_bytes(path, read_file(path, limits_.one));
    } catch (const std::exception& exception) {
      const auto* error = dynamic_cast<const Error*>(&exception);
      ++(error != nullptr && error->code() == ErrorCode::kTooLarge ? left_out_ : unreadable_);
      return nullptr;
    }
  }

  PictureLimits limits_;
  std::uint64_t total_ = 0;
  std::uint64_t unreadable_ = 0;
  std::uint64_t left_out_ = 0;
  json::array list_;
  std::map<Digest, std::size_t> indices_;
  std::map<std::string, json::value> files_;
};

// The pictures of one kind of one job.
class KindPictures {
 public:
  KindPictures(const KindResult& kind, std::size_t job, bool dry_run)
      : kind_(kind),
        job_(job),
        dry_run_(dry_run),
        added_(kind.changes.added.begin(), kind.changes.added.end()),
        changed_(kind.changes.changed.begin(), kind.changes.changed.end()) {}

  // Those that have changed come first, as long as there is room.
  void append(bool with_changes, Uris& uris, json::array& items) const {
    for (const Picture& picture : kind_.pictures) {
      if (mime_of(picture.path).empty()) continue;
      const std::string_view state = state_of(picture);
      if ((state != "unchanged") != with_changes) continue;
      json::object item = head();
      item["name"] = valid_utf8(picture.name);
      item["state"] = state;
      put(item, "", picture.path, uris);
      if (!mime_of(picture.dark_path).empty()) put(item, "dark", picture.dark_path, uris);
      if (added_.contains(picture.dark_path)) item["darkAdded"] = true;
      items.push_back(std::move(item));
    }
  }

  void append_removed(Uris& uris, json::array& items) const {
    for (const std::string& path : kind_.changes.removed) {
      if (mime_of(path).empty()) continue;
      json::object item = head();
      item["name"] = valid_utf8(std::filesystem::path(path).stem().string());
      item["state"] = "removed";
      item["path"] = valid_utf8(path);
      item["before"] = before(path, uris);
      items.push_back(std::move(item));
    }
  }

 private:
  json::object head() const { return {{"job", job_}, {"kind", valid_utf8(kind_.kind)}}; }

  std::string_view state_of(const Picture& picture) const {
    if (added_.contains(picture.path)) return "added";
    const bool changed = changed_.contains(picture.path) || changed_.contains(picture.dark_path) ||
                         added_.contains(picture.dark_path);
    return changed ? "changed" : "unchanged";
  }

  // "path", "image" and "before", or "darkPath", "darkImage" and "darkBefore".
  void put(json::object& item, std::string_view prefix, const std::string& path, Uris& uris) const {
    auto key = [&](std::string_view name) {
      std::string text(prefix);
      text += name;
      if (!prefix.empty()) text[prefix.size()] = static_cast<char>(text[prefix.size()] - 32);
      return text;
    };
    item[key("path")] = valid_utf8(path);
    const bool is_written = !dry_run_ || !(added_.contains(path) || changed_.contains(path));
    item[key("image")] = is_written ? uris.of_file(path) : json::value();
    if (changed_.contains(path)) item[key("before")] = before(path, uris);
  }

  json::value before(const std::string& path, Uris& uris) const {
    if (auto known = kind_.before.find(path); known != kind_.before.end()) {
      return uris.of_bytes(path, known->second);
    }
    return dry_run_ ? uris.of_file(path) : json::value();
  }

  const KindResult& kind_;
  std::size_t job_;
  bool dry_run_;
  std::unordered_set<std::string_view> added_;
  std::unordered_set<std::string_view> changed_;
};

}  // namespace

std::string base64(std::string_view bytes) {
  // OpenSSL ends the text with a zero.
  std::string text((bytes.size() + 2) / 3 * 4 + 1, '\0');
  const int size = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()),
                                   reinterpret_cast<const unsigned char*>(bytes.data()),
                                   static_cast<int>(bytes.size()));
  text.resize(static_cast<std::size_t>(size));
  return text;
}

json::object pictures_value(const RunReport& report, const PictureLimits& limits) {
  std::vector<KindPictures> kinds;
  for (std::size_t job = 0; job < report.jobs.size(); ++job) {
    for (const KindResult& kind : report.jobs[job].kinds) {
      kinds.emplace_back(kind, job, report.dry_run);
    }
  }
  Uris uris(limits);
  json::array items;
  json::array removed;
  for (const KindPictures& kind : kinds) kind.append(true, uris, items);
  for (const KindPictures& kind : kinds) kind.append_removed(uris, removed);
  for (const KindPictures& kind : kinds) kind.append(false, uris, items);
  json::object value{{"items", std::move(items)}, {"removed", std::move(removed)}};
  std::move(uris).put_into(value);
  return value;
}

}  // namespace gantry::jobs
