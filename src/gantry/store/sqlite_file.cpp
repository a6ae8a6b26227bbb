#include "gantry/store/sqlite_file.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <sqlite3.h>
#include <sys/file.h>
#include <unistd.h>

#include "gantry/base/error.hpp"
#include "gantry/base/files.hpp"

namespace gantry::store {
namespace fs = std::filesystem;
namespace {

// Moves the database to NAME.corrupt-N. One is enough to look at: a store that is damaged again and
// again shall not fill the disk.
fs::path move_aside(const fs::path& database) {
  int number = 1;
  std::string prefix = database.filename().string() + ".corrupt-";
  std::vector<fs::path> older;
  for (const auto& entry : fs::directory_iterator(database.parent_path())) {
    std::string name = entry.path().filename().string();
    if (!name.starts_with(prefix)) continue;
    number = std::max(number, std::atoi(name.c_str() + prefix.size()) + 1);
    older.push_back(entry.path());
  }
  std::error_code ignored;
  for (const fs::path& path : older) fs::remove_all(path, ignored);
  fs::path aside = database.parent_path() / (prefix + std::to_string(number));
  fs::rename(database, aside, ignored);
  for (const char* suffix : {"-wal", "-shm"}) {
    fs::rename(database.string() + suffix, aside.string() + suffix, ignored);
  }
  return aside;
}

}  // namespace

bool is_damage(const SQLite::Exception& error) {
  int code = error.getErrorCode() & 0xff;
  return code == SQLITE_CORRUPT || code == SQLITE_NOTADB;
}

SQLite::Database connect(const fs::path& path, std::chrono::milliseconds busy_timeout) {
  SQLite::Database database(path.string(),
                            SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE | SQLite::OPEN_NOMUTEX,
                            static_cast<int>(busy_timeout.count()));
  // A killed process loses nothing: the kernel has the pages. After a power cut the database may be
  // damaged; what is read is checked before use and the store can be made anew, so that is not
  // worth waiting for the disk.
  database.exec("PRAGMA synchronous=OFF; PRAGMA journal_size_limit=16777216");
  return database;
}

void run(SQLite::Statement& statement) {
  statement.executeStep();
  statement.reset();
}

// Held (shared) while the database is in use, so that a damaged one is not taken away from a
// process that has it open.
class SqliteFile::UseLock {
 public:
  explicit UseLock(const fs::path& path)
      : descriptor_(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600)) {
    if (descriptor_ < 0) throw system_error("cannot open " + path.string(), errno);
    share();
  }
  ~UseLock() { ::close(descriptor_); }
  UseLock(const UseLock&) = delete;
  UseLock& operator=(const UseLock&) = delete;

  void share() { ::flock(descriptor_, LOCK_SH); }
  // False if another process uses the database. Either way share() is due.
  bool is_alone() { return ::flock(descriptor_, LOCK_EX | LOCK_NB) == 0; }

 private:
  int descriptor_;
};

SqliteFile::SqliteFile(Names names, Steps steps)
    : names_(std::move(names)), steps_(std::move(steps)) {}

SqliteFile::~SqliteFile() = default;

std::string SqliteFile::open() {
  fs::path folder = names_.database.parent_path();
  std::error_code error;
  bool created = fs::create_directories(folder, error);
  if (created && !error) fs::permissions(folder, fs::perms::owner_all, error);
  if (error) throw system_error("cannot create the folder " + folder.string(), error.value());
  FileLock opening = FileLock::acquire(folder);
  if (!use_lock_) use_lock_ = std::make_unique<UseLock>(names_.in_use);
  std::string notice;
  if (fs::exists(names_.damage_mark)) notice = set_aside("it was found damaged");
  try {
    steps_.prepare();
  } catch (const UnknownSchema& unknown) {
    notice = set_aside(unknown.what());
    steps_.prepare();
  } catch (const SQLite::Exception& error_of_database) {
    if (!is_damage(error_of_database)) throw;
    notice = set_aside(error_of_database.what());
    steps_.prepare();
  }
  return notice;
}

std::string SqliteFile::set_aside(const std::string& reason) {
  bool alone = use_lock_->is_alone();
  fs::path aside;
  if (alone) {
    steps_.forget();
    aside = move_aside(names_.database);
    std::error_code ignored;
    fs::remove(names_.damage_mark, ignored);
  }
  use_lock_->share();
  if (!alone) throw Error(ErrorCode::kIo, reason + ", and another run is using it");
  return "the " + names_.what + " " + names_.database.string() + " was made anew (" + reason +
         "); the old one is " + aside.string();
}

void SqliteFile::mark_damaged() noexcept {
  int mark = ::open(names_.damage_mark.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  if (mark >= 0) ::close(mark);
}

}  // namespace gantry::store
