// A SQLite database that several processes open, and that is set aside and made anew when it is
// damaged or of an unknown schema: what the stores in SQLite share.
#pragma once

#include <chrono>
#include <exception>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include <SQLiteCpp/Database.h>
#include <SQLiteCpp/Exception.h>
#include <SQLiteCpp/Statement.h>

namespace gantry::store {

// The database was made by a newer Gantry or by another program.
class UnknownSchema : public std::exception {
 public:
  const char* what() const noexcept override { return "it has an unknown schema"; }
};

// Whether the file is to blame, so that asking again later is of no use.
bool is_damage(const SQLite::Exception& error);

// A connection for one thread at a time, to a file that is made if there is none. It waits so long
// for a lock. All calls throw SQLite::Exception.
SQLite::Database connect(const std::filesystem::path& path,
                         std::chrono::milliseconds busy_timeout = std::chrono::seconds(5));
// Executes a statement that gives no rows.
void run(SQLite::Statement& statement);

class SqliteFile {
 public:
  struct Names {
    std::filesystem::path database;
    std::filesystem::path in_use;       // locked by all processes that have the database open
    std::filesystem::path damage_mark;  // stands there from mark_damaged() until all is made anew
    std::string what;                   // for people: "store of downloads"
  };
  struct Steps {
    // Opens the database, and makes its tables if it is empty. UnknownSchema, SQLite::Exception.
    std::function<void()> prepare;
    // Closes what prepare() opened and removes what belongs to it in other files.
    // Called when no other process uses the database.
    std::function<void()> forget;
  };

  SqliteFile(Names names, Steps steps);
  ~SqliteFile();
  SqliteFile(const SqliteFile&) = delete;
  SqliteFile& operator=(const SqliteFile&) = delete;

  const std::filesystem::path& path() const { return names_.database; }

  // Creates the folder if need be and prepares the database while no other process does. One that
  // is damaged or unknown is renamed to NAME.corrupt-N, where only the last one is kept, and made
  // anew. Gives what the user should know of that, else nothing. Error, SQLite::Exception: it
  // cannot be used, for instance because another process has the damaged one open.
  std::string open();

  // A database that turns out to be damaged while it is open is made anew at the next open().
  void mark_damaged() noexcept;

 private:
  class UseLock;
  std::string set_aside(const std::string& reason);

  const Names names_;
  const Steps steps_;
  std::unique_ptr<UseLock> use_lock_;
};

}  // namespace gantry::store
