#include <algorithm>
#include <cerrno>
#include <map>

#include <boost/json.hpp>
#include <fcntl.h>
#include <fmt/format.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "gantry/base/error.hpp"
#include "gantry/base/files.hpp"

#include "apps/sandbox/design.hpp"
#include "apps/sandbox/random.hpp"

namespace gantry::sandbox {
namespace {

namespace json = boost::json;

constexpr std::uint64_t kLargestRecording = 256ULL << 20;

std::string read_all(int descriptor) {
  std::string bytes;
  std::string buffer(1 << 16, '\0');
  for (ssize_t count = 0; (count = ::read(descriptor, buffer.data(), buffer.size())) > 0;) {
    bytes.append(buffer, 0, static_cast<std::size_t>(count));
    if (bytes.size() > kLargestRecording) break;
  }
  return bytes;
}

std::string read_with_xz(const std::filesystem::path& path) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) throw system_error("cannot make a pipe", errno);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
  std::string name = path.string();
  std::string arguments[] = {"xz", "-dc", "--", name};
  char* argv[] = {arguments[0].data(), arguments[1].data(), arguments[2].data(),
                  arguments[3].data(), nullptr};
  pid_t child = 0;
  const int failed = ::posix_spawnp(&child, "xz", &actions, nullptr, argv, environ);
  posix_spawn_file_actions_destroy(&actions);
  ::close(ends[1]);
  std::string bytes;
  if (failed == 0) bytes = read_all(ends[0]);
  ::close(ends[0]);
  if (failed != 0) throw system_error("cannot run xz", failed);
  int status = 0;
  ::waitpid(child, &status, 0);
  if (bytes.empty() || status != 0) {
    throw Error(ErrorCode::kBadResponse, fmt::format("{}: xz cannot unpack it", name));
  }
  return bytes;
}

std::string text_of(const json::object& object, std::string_view name) {
  const auto* value = object.if_contains(name);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : "";
}

// Frames and sets are listed once for each component; the reader keeps one of each.
class Reader {
 public:
  explicit Reader(File& file) : file_(file) {}

  void add(const json::object& item) {
    Component component;
    component.node_id = text_of(item, "node_id");
    component.key = text_of(item, "key");
    component.name = text_of(item, "name");
    component.description = text_of(item, "description");
    component.drawing.seed = hash_text(component.node_id);
    const auto* frame = item.if_contains("containing_frame");
    const json::object empty;
    const auto& place = frame != nullptr && frame->is_object() ? frame->get_object() : empty;
    component.frame = frame_of(place);
    const auto* set = place.if_contains("containingComponentSet");
    if (set != nullptr && set->is_object()) component.set = set_of(set->get_object(), component);
    if (file_.key.empty()) file_.key = text_of(item, "file_key");
    file_.components.push_back(std::move(component));
  }

 private:
  std::size_t frame_of(const json::object& place) {
    Frame frame{text_of(place, "nodeId"), text_of(place, "name"), text_of(place, "pageId"),
                text_of(place, "pageName")};
    const auto [found, is_new] =
        frames_.try_emplace(frame.page_id + "/" + frame.node_id, file_.frames.size());
    if (is_new) file_.frames.push_back(std::move(frame));
    return found->second;
  }

  std::size_t set_of(const json::object& set, const Component& component) {
    const auto node_id = text_of(set, "nodeId");
    const auto [found, is_new] = sets_.try_emplace(node_id, file_.sets.size());
    if (is_new) {
      file_.sets.push_back(
          {node_id, component_key("recorded", node_id), text_of(set, "name"), component.frame});
    }
    return found->second;
  }

  File& file_;
  std::map<std::string, std::size_t> frames_;
  std::map<std::string, std::size_t> sets_;
};

std::string stem_of_name(std::string_view name) {
  auto last = name.substr(name.rfind('/') + 1);
  while (!last.empty() && last.front() == ' ') last.remove_prefix(1);
  while (!last.empty() && last.back() == ' ') last.remove_suffix(1);
  std::string stem(last);
  for (auto& c : stem) {
    if (c == ' ' || c == '_') c = '-';
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return stem;
}

}  // namespace

File recorded_file(const DesignOptions& options) {
  const auto& path = options.components;
  auto bytes = path.extension() == ".xz" ? read_with_xz(path) : read_file(path);
  File file;
  try {
    const auto answer = json::parse(bytes);
    Reader reader(file);
    for (const auto& item : answer.at("meta").at("components").as_array()) {
      reader.add(item.as_object());
    }
  } catch (const std::exception& error) {
    throw Error(ErrorCode::kBadResponse,
                fmt::format("{}: not an answer of /components: {}", path.string(), error.what()));
  }
  if (file.key.empty()) file.key = "recorded";
  file.name = "Recorded " + file.key;
  file.version = options.version;
  file.recorded_components = std::make_shared<const std::string>(std::move(bytes));
  file.index();
  return file;
}

void use_icons_from(const std::filesystem::path& folder, File& file) {
  std::vector<std::filesystem::path> paths;
  std::error_code error;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder, error)) {
    if (entry.is_regular_file() && entry.path().extension() == ".svg") {
      paths.push_back(entry.path());
    }
  }
  if (error) throw system_error("cannot list " + folder.string(), error.value());
  if (paths.empty()) {
    throw Error(ErrorCode::kNotFound, fmt::format("{}: no .svg file in it", folder.string()));
  }
  std::sort(paths.begin(), paths.end());
  std::vector<std::shared_ptr<const std::string>> pictures;
  std::map<std::string, std::size_t> by_stem;
  for (const auto& path : paths) {
    by_stem.try_emplace(stem_of_name(path.stem().string()), pictures.size());
    pictures.push_back(std::make_shared<const std::string>(read_file(path)));
  }
  std::size_t next = 0;
  for (auto& component : file.components) {
    const auto found = by_stem.find(stem_of_name(component.name));
    component.svg =
        found != by_stem.end() ? pictures[found->second] : pictures[next++ % pictures.size()];
  }
}

}  // namespace gantry::sandbox
