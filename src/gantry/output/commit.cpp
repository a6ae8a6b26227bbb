#include "gantry/output/commit.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <map>
#include <optional>
#include <set>
#include <tuple>
#include <unordered_set>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>

#include "gantry/base/error.hpp"
#include "gantry/output/lock_file.hpp"
#include "gantry/output/target_file.hpp"

namespace gantry::output {
namespace fs = std::filesystem;
namespace {

// The kernel makes one file of a folder at a time, and whoever waits for that spins.
constexpr std::size_t kStagingFolders = 4;

struct Root {
  fs::path given;
  fs::path path;         // resolved
  std::string lock_key;  // as the lock file names it
  std::unique_ptr<DirectoryTree> tree;
  // Null in a dry run.
  std::shared_ptr<RootLock> lock;
  fs::path staging_folder;
  Descriptor staging;

  Root() = default;
  Root(const Root&) = delete;
  Root& operator=(const Root&) = delete;
  ~Root() {
    std::error_code ignored;
    if (!staging_folder.empty()) fs::remove_all(staging_folder, ignored);
  }

  std::string shown(const std::string& relative) const { return (given / relative).string(); }
  std::array<std::mutex, kStagingFolders> creating;
};

struct StagedFile {
  std::string name;  // below the staging folder
  std::uint64_t size = 0;
  Digest digest;
  std::string source;
  Target target = Target::kMissing;
};

struct Removal {
  Root* root;
  RelativePath path;
};

using StagedFiles = std::map<std::pair<Root*, RelativePath>, StagedFile>;

// A commit that has several roots takes their locks in one order, whatever order they have in a
// configuration: two processes can then not wait for each other.
std::vector<std::unique_ptr<Root>> sorted_roots(const CommitOptions& options) {
  std::vector<std::unique_ptr<Root>> roots;
  for (const fs::path& given : options.roots) {
    auto root = std::make_unique<Root>();
    root->given = output_root(given.string());
    root->path = resolved(given);
    root->lock_key = root_in_lock(options.lock_file.parent_path(), given);
    root->tree = std::make_unique<DirectoryTree>(root->path);
    roots.push_back(std::move(root));
  }
  std::sort(roots.begin(), roots.end(), [](const auto& a, const auto& b) {
    return std::tie(a->path, a->given) < std::tie(b->path, b->given);
  });
  return roots;
}

void open_staging_folder(Root& root) {
  root.staging_folder = root.lock->make_staging_folder();
  root.staging =
      Descriptor(::open(root.staging_folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!root.staging) {
    throw system_error("cannot open the folder " + root.staging_folder.string(), errno);
  }
  for (std::size_t i = 0; i < kStagingFolders; ++i) {
    if (::mkdirat(root.staging.get(), std::to_string(i).c_str(), 0700) != 0) {
      throw system_error("cannot create a folder in " + root.staging_folder.string(), errno);
    }
  }
}

// Puts the file into a folder in which no other thread is making one.
int create_staged(Root& root, StagedFile& file) {
  std::unique_lock<std::mutex> lock;
  std::size_t folder = 0;
  for (; folder < kStagingFolders; ++folder) {
    lock = std::unique_lock(root.creating[folder], std::try_to_lock);
    if (lock) break;
  }
  if (!lock) lock = std::unique_lock(root.creating[folder = 0]);
  file.name = std::to_string(folder) + "/" + file.name;
  return ::openat(root.staging.get(), file.name.c_str(),
                  O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
}

void write_staged(Root& root, StagedFile& file, const Blob& content, const std::string& shown) {
  Descriptor target(create_staged(root, file));
  if (!target) throw system_error("cannot write " + shown, errno);
  try {
    content.copy_to(target.get(), shown);
    struct stat status {};
    if (!content.in_memory() && (::fstat(target.get(), &status) != 0 ||
                                 static_cast<std::uint64_t>(status.st_size) != content.size())) {
      throw Error(ErrorCode::kIo, "cannot write " + shown + ": its temporary file was cut short");
    }
  } catch (...) {
    ::unlinkat(root.staging.get(), file.name.c_str(), 0);
    throw;
  }
}

// Two files cannot be published if one needs a folder where the other stands.
void check_folders(const StagedFiles& staged) {
  std::pair<Root*, std::string_view> checked;
  for (const auto& [key, file] : staged) {
    const auto& [root, path] = key;
    std::pair<Root*, std::string_view> here(root, parent_of(path.text()));
    if (here == std::exchange(checked, here)) continue;
    for (std::string_view folder = parent_of(path.text()); !folder.empty();
         folder = parent_of(folder)) {
      if (staged.contains({root, RelativePath(folder)})) {
        throw Error(ErrorCode::kConflict, root->shown(std::string(folder)) +
                                              " cannot be a file and the folder of " +
                                              root->shown(path.text()));
      }
    }
  }
}

}  // namespace

struct Commit::State {
  CommitOptions options;
  std::vector<std::unique_ptr<Root>> roots;
  std::mutex mutex;  // guards `staged` and `next_name`; a node belongs to the thread that made it
  StagedFiles staged;
  std::uint64_t next_name = 0;
  bool published = false;

  bool keeps_record() const { return !options.lock_file.empty(); }
  Root& root(const fs::path& given) const;
  Root* root_named(const std::string& lock_key) const;

  ChangeSet changes(const LockFile& lock, std::vector<Removal>& removals) const;
  void find_removals(Root& root, const std::set<LockedFile>& files,
                     const std::unordered_set<std::string>& wanted, ChangeSet& changes,
                     std::vector<Removal>& removals) const;
  std::unordered_set<std::string> paths_of_others(const LockFile& lock) const;

  void add_new_entries(LockFile& lock) const;
  void keep_only_new_entries(LockFile& lock) const;
  void rename_all() const;
  void remove_all(const std::vector<Removal>& removals) const;
  void flush_to_disk() const;
};

Root& Commit::State::root(const fs::path& given) const {
  fs::path wanted = output_root(given.string());
  for (const auto& root : roots) {
    if (root->given == wanted) return *root;
  }
  throw Error(ErrorCode::kInternal, given.string() + " is not an output root of " + options.job);
}

Root* Commit::State::root_named(const std::string& lock_key) const {
  for (const auto& root : roots) {
    if (root->lock_key == lock_key) return root.get();
  }
  return nullptr;
}

Commit::Commit(CommitOptions options) : state_(std::make_unique<State>()) {
  state_->options = std::move(options);
  state_->roots = sorted_roots(state_->options);
  if (state_->options.mode == Mode::kDryRun) return;
  if (!state_->options.locks) state_->options.locks = std::make_shared<RootLocks>();
  for (auto& root : state_->roots) {
    root->lock =
        state_->options.locks->acquire(root->given, state_->options.on_wait, state_->options.stop);
    open_staging_folder(*root);
  }
}

Commit::~Commit() = default;

void Commit::stage(const fs::path& given, const RelativePath& path, const Blob& content,
                   std::string source) {
  Root& root = state_->root(given);
  std::string shown = root.shown(path.text());
  StagedFiles::iterator entry;
  {
    std::lock_guard lock(state_->mutex);
    bool fresh = false;
    std::tie(entry, fresh) = state_->staged.try_emplace({&root, path});
    if (!fresh) throw Error(ErrorCode::kConflict, "two files want the path " + shown);
    entry->second.name = std::to_string(state_->next_name++);
  }
  StagedFile& file = entry->second;
  file.size = content.size();
  file.digest = content.digest();
  file.source = std::move(source);
  try {
    if (root.lock) {
      const std::string& reserved = root.lock->reserved_name();
      if (!reserved.empty() && (path.text() + "/").starts_with(reserved + "/")) {
        throw Error(ErrorCode::kUnsafe, shown + " is the folder in which files are staged");
      }
      root.lock->claim(path.text());
    }
    file.target = compare_target(*root.tree, path, content, shown);
    if (root.lock && file.target != Target::kSame) write_staged(root, file, content, shown);
  } catch (...) {
    std::lock_guard lock(state_->mutex);
    state_->staged.erase(entry);
    throw;
  }
}

ChangeSet Commit::plan() const {
  std::vector<Removal> removals;
  LockFile lock;
  if (state_->keeps_record()) lock = LockFile::read(state_->options.lock_file);
  return state_->changes(lock, removals);
}

ChangeSet Commit::State::changes(const LockFile& lock, std::vector<Removal>& removals) const {
  check_folders(staged);
  ChangeSet changes;
  for (const auto& [key, file] : staged) {
    auto& list = file.target == Target::kMissing ? changes.added
                 : file.target == Target::kSame  ? changes.unchanged
                                                 : changes.changed;
    list.push_back(key.first->shown(key.second.text()));
  }
  std::optional<std::unordered_set<std::string>> others;
  for (const auto& [output, files] : lock.outputs) {
    if (output.job != options.job || !options.prune) continue;
    if (Root* root = root_named(output.root)) {
      if (!others) others = paths_of_others(lock);
      find_removals(*root, files, *others, changes, removals);
    } else {
      changes.kept.push_back({output.root, std::to_string(files.size()) +
                                               " files of earlier exports are left there: the job "
                                               "no longer writes to this folder"});
    }
  }
  for (auto* list : {&changes.added, &changes.changed, &changes.removed, &changes.unchanged}) {
    std::sort(list->begin(), list->end());
  }
  std::sort(changes.kept.begin(), changes.kept.end());
  return changes;
}

// Every path that is wanted by somebody: by other jobs, and by this one now. Roots may lie in each
// other or be spelled in several ways, so the paths are whole.
std::unordered_set<std::string> Commit::State::paths_of_others(const LockFile& lock) const {
  std::unordered_set<std::string> paths;
  for (const auto& [output, files] : lock.outputs) {
    if (output.job == options.job) continue;
    fs::path root = resolved(options.lock_file.parent_path() / output.root);
    for (const LockedFile& file : files) paths.insert((root / file.path.text()).string());
  }
  for (const auto& [key, file] : staged)
    paths.insert((key.first->path / key.second.text()).string());
  return paths;
}

void Commit::State::find_removals(Root& root, const std::set<LockedFile>& files,
                                  const std::unordered_set<std::string>& wanted, ChangeSet& changes,
                                  std::vector<Removal>& removals) const {
  for (auto file = files.begin(); file != files.end();) {
    const RelativePath& path = file->path;
    std::set<Digest> recorded;
    for (; file != files.end() && file->path == path; ++file) recorded.insert(file->digest);
    if (wanted.contains((root.path / path.text()).string())) continue;
    if (root.lock && root.lock->is_claimed(path.text())) continue;
    std::string shown = root.shown(path.text());
    try {
      auto digest = hash_target(*root.tree, path, shown);
      if (!digest) continue;
      if (recorded.contains(*digest)) {
        changes.removed.push_back(shown);
        removals.push_back({&root, path});
      } else {
        changes.kept.push_back({shown, "its bytes were changed after the export"});
      }
    } catch (const Error& error) {
      changes.kept.push_back({shown, error.message()});
    }
  }
}

void Commit::State::add_new_entries(LockFile& lock) const {
  for (const auto& [key, file] : staged) {
    lock.outputs[{options.job, key.first->lock_key}].insert(
        {key.second, file.size, file.digest, file.source});
  }
}

void Commit::State::keep_only_new_entries(LockFile& lock) const {
  std::set<std::pair<std::string, RelativePath>> replaced;
  for (const auto& [key, file] : staged) replaced.insert({key.first->lock_key, key.second});
  for (auto item = lock.outputs.begin(); item != lock.outputs.end();) {
    const LockedOutput& output = item->first;
    std::set<LockedFile>& files = item->second;
    if (output.job == options.job) {
      std::erase_if(files, [&](const LockedFile& file) {
        return options.prune || replaced.contains({output.root, file.path});
      });
      if (files.empty()) {
        item = lock.outputs.erase(item);
        continue;
      }
    }
    ++item;
  }
  add_new_entries(lock);
}

void Commit::State::rename_all() const {
  for (const auto& [key, file] : staged) {
    if (file.target == Target::kSame) continue;
    const auto& [root, path] = key;
    auto folder = root->tree->make(parent_of(path.text()));
    if (::renameat(root->staging.get(), file.name.c_str(), folder->get(), name_of(path.text())) !=
        0) {
      throw system_error("cannot write " + root->shown(path.text()), errno);
    }
  }
}

void Commit::State::remove_all(const std::vector<Removal>& removals) const {
  for (const Removal& removal : removals) {
    const std::string& path = removal.path.text();
    auto folder = removal.root->tree->find(parent_of(path));
    if (!folder) continue;
    // A commit of the same process may have come to want the file since.
    removal.root->lock->if_unclaimed(path, [&] {
      if (::unlinkat(folder->get(), name_of(path), 0) != 0 && errno != ENOENT) {
        throw system_error("cannot remove " + removal.root->shown(path), errno);
      }
    });
  }
  for (const auto& [root, path] : removals) {
    root->tree->remove_if_empty(std::string(parent_of(path.text())));
  }
}

// One call for each file system, where one fsync for each file would take a second per thousand.
void Commit::State::flush_to_disk() const {
  std::set<dev_t> done;
  auto flush = [&](int descriptor) {
    struct stat status {};
    if (::fstat(descriptor, &status) != 0 || !done.insert(status.st_dev).second) return;
    if (::syncfs(descriptor) != 0) {
      throw system_error("cannot bring the output of " + options.job + " to the disk", errno);
    }
  };
  for (const auto& root : roots) flush(root->staging.get());
  if (!keeps_record()) return;
  fs::path folder = options.lock_file.parent_path();
  Descriptor record(::open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_CLOEXEC));
  if (record) flush(record.get());
}

ChangeSet Commit::publish() {
  State& state = *state_;
  if (state.options.mode == Mode::kDryRun || std::exchange(state.published, true)) {
    throw Error(ErrorCode::kInternal, "this commit cannot be published");
  }
  // In the order of the roots, as the locks.
  std::set<RootLock*> locked;
  std::vector<std::unique_lock<std::mutex>> publishing;
  for (const auto& root : state.roots) {
    if (locked.insert(root->lock.get()).second) publishing.emplace_back(root->lock->publishing());
  }

  std::vector<Removal> removals;
  ChangeSet changes;
  std::optional<LockFileEdit> record;
  if (state.keeps_record()) record.emplace(state.options.lock_file);
  changes = state.changes(record ? record->content : LockFile(), removals);
  bool moves_files = !changes.up_to_date();
  LockFileEdit::Known known;
  if (record) {
    if (moves_files) {
      state.add_new_entries(record->content);
    } else {
      state.keep_only_new_entries(record->content);
    }
    bool written = record->save();
    known = record->take();
    record.reset();
    if (!moves_files) {
      if (written) state.flush_to_disk();
      return changes;
    }
  } else if (!moves_files) {
    return changes;
  }

  state.flush_to_disk();
  state.rename_all();
  state.remove_all(removals);
  if (state.keeps_record()) {
    LockFileEdit edit(state.options.lock_file, std::move(known));
    state.keep_only_new_entries(edit.content);
    edit.save();
  }
  state.flush_to_disk();
  return changes;
}

}  // namespace gantry::output
