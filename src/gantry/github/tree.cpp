#include "gantry/github/tree.hpp"

#include <algorithm>
#include <charconv>

#include <boost/json.hpp>
#include <fmt/format.h>

namespace gantry::github {
namespace {

namespace json = boost::json;

constexpr std::size_t kLongestPath = 4096;
constexpr std::size_t kShaDigits = 40;

bool is_sha(std::string_view text) {
  return text.size() == kShaDigits && std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
         });
}

Error bad(const std::string& what) {
  return Error(ErrorCode::kBadResponse, "GitHub's tree of the repository is wrong: " + what);
}

std::string shown(std::string_view path) {
  std::string text(path.substr(0, 80));
  std::replace_if(
      text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < ' '; }, '?');
  return text;
}

void check_tree_path(std::string_view path) {
  std::size_t depth = 0;
  bool is_good = !path.empty() && path.size() <= kLongestPath;
  for (std::size_t from = 0; is_good && from <= path.size();) {
    std::size_t end = std::min(path.find('/', from), path.size());
    std::string_view segment = path.substr(from, end - from);
    bool is_clean = std::none_of(segment.begin(), segment.end(),
                                 [](char c) { return static_cast<unsigned char>(c) < ' '; });
    is_good = !segment.empty() && segment != "." && segment != ".." && is_clean;
    if (++depth > kDeepest) {
      throw Error(ErrorCode::kTooLarge, fmt::format("the tree of the repository is more than {} "
                                                    "folders deep: '{}...'",
                                                    kDeepest, shown(path)));
    }
    from = end + 1;
  }
  if (!is_good) {
    throw Error(
        ErrorCode::kUnsafe,
        fmt::format("the tree of the repository holds '{}', which is no path in it", shown(path)));
  }
}

std::string_view text_at(const json::object& object, const char* key) {
  const json::value* value = object.if_contains(key);
  if (value == nullptr || !value->is_string()) throw bad(fmt::format("'{}' is no text", key));
  return {value->get_string().data(), value->get_string().size()};
}

std::uint64_t size_at(const json::object& object) {
  const json::value* value = object.if_contains("size");
  if (value == nullptr) return 0;
  if (value->is_int64() && value->get_int64() >= 0) {
    return static_cast<std::uint64_t>(value->get_int64());
  }
  if (value->is_uint64()) return value->get_uint64();
  throw bad("'size' is no number of bytes");
}

std::string_view next_field(std::string_view& line) {
  std::size_t end = line.find(' ');
  std::string_view field = line.substr(0, end);
  line = end == std::string_view::npos ? std::string_view() : line.substr(end + 1);
  return field;
}

bool by_path(const TreeEntry& a, const TreeEntry& b) { return a.path < b.path; }

}  // namespace

Tree::Tree(std::vector<TreeEntry> entries) : entries_(std::move(entries)) {
  std::sort(entries_.begin(), entries_.end(), by_path);
  auto twice =
      std::adjacent_find(entries_.begin(), entries_.end(),
                         [](const TreeEntry& a, const TreeEntry& b) { return a.path == b.path; });
  if (twice != entries_.end()) throw bad(fmt::format("'{}' is there twice", shown(twice->path)));
}

const TreeEntry* Tree::find(std::string_view path) const {
  auto found =
      std::lower_bound(entries_.begin(), entries_.end(), path,
                       [](const TreeEntry& entry, std::string_view at) { return entry.path < at; });
  return found != entries_.end() && found->path == path ? &*found : nullptr;
}

const TreeEntry* Tree::find_file(std::string_view path) const {
  const TreeEntry* entry = find(path);
  return entry == nullptr || entry->is_folder ? nullptr : entry;
}

std::vector<const TreeEntry*> Tree::below(std::string_view folder) const {
  std::string prefix = folder.empty() ? std::string() : std::string(folder) + "/";
  auto at = std::lower_bound(
      entries_.begin(), entries_.end(), prefix,
      [](const TreeEntry& entry, const std::string& from) { return entry.path < from; });
  std::vector<const TreeEntry*> found;
  for (; at != entries_.end() && at->path.starts_with(prefix); ++at) found.push_back(&*at);
  return found;
}

std::size_t Tree::bytes() const {
  std::size_t bytes = sizeof(Tree);
  for (const TreeEntry& entry : entries_) bytes += sizeof(TreeEntry) + entry.path.size() + 48;
  return bytes;
}

// A line each: "f SHA SIZE PATH", "d SHA 0 PATH".
std::string Tree::encode() const {
  std::string text;
  for (const TreeEntry& entry : entries_) {
    text += fmt::format("{} {} {} {}\n", entry.is_folder ? 'd' : 'f', entry.sha, entry.size,
                        entry.path);
  }
  return text;
}

Tree Tree::decode(std::string_view text) {
  std::vector<TreeEntry> entries;
  while (!text.empty()) {
    std::size_t end = text.find('\n');
    if (end == std::string_view::npos) throw bad("what was kept of it is cut off");
    std::string_view line = text.substr(0, end);
    text.remove_prefix(end + 1);
    TreeEntry entry;
    std::string_view kind = next_field(line);
    entry.is_folder = kind == "d";
    entry.sha = std::string(next_field(line));
    std::string_view size = next_field(line);
    bool is_number =
        std::from_chars(size.data(), size.data() + size.size(), entry.size).ec == std::errc();
    entry.path = std::string(line);
    if ((kind != "d" && kind != "f") || !is_sha(entry.sha) || !is_number) {
      throw bad("what was kept of it cannot be read");
    }
    check_tree_path(entry.path);
    entries.push_back(std::move(entry));
    if (entries.size() > kMostEntries) throw bad("what was kept of it is too large");
  }
  return Tree(std::move(entries));
}

TreeAnswer parse_tree(std::string_view text) {
  if (text.size() > kLargestTree) {
    throw Error(ErrorCode::kTooLarge, "the tree of the repository has more than 32 MiB");
  }
  json::error_code failure;
  json::value document = json::parse(text, failure);
  if (failure) throw bad("it is no JSON").with(Retry::kSameRequest);
  if (!document.is_object()) throw bad("it is no object");
  const json::object& object = document.get_object();
  TreeAnswer answer;
  answer.sha = std::string(text_at(object, "sha"));
  if (!is_sha(answer.sha)) throw bad("its 'sha' is none");
  const json::value* truncated = object.if_contains("truncated");
  if (truncated != nullptr && !truncated->is_bool()) throw bad("'truncated' is not yes or no");
  answer.truncated = truncated != nullptr && truncated->get_bool();
  const json::value* list = object.if_contains("tree");
  if (list == nullptr || !list->is_array()) throw bad("it has no list 'tree'");
  if (list->get_array().size() > kMostEntries) {
    throw Error(ErrorCode::kTooLarge,
                fmt::format("the tree of the repository has more than {} entries", kMostEntries));
  }
  for (const json::value& value : list->get_array()) {
    if (!value.is_object()) throw bad("an entry is no object");
    const json::object& item = value.get_object();
    std::string_view type = text_at(item, "type");
    bool is_link = text_at(item, "mode") == "120000";
    if ((type != "blob" && type != "tree") || is_link) continue;
    TreeEntry entry{std::string(text_at(item, "path")), std::string(text_at(item, "sha")),
                    size_at(item), type == "tree"};
    check_tree_path(entry.path);
    if (!is_sha(entry.sha)) throw bad(fmt::format("'{}' has no sha", shown(entry.path)));
    answer.entries.push_back(std::move(entry));
  }
  return answer;
}

}  // namespace gantry::github
