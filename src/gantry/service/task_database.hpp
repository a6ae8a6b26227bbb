// The SQLite database that holds all state of the service: its schema, and statements that are
// prepared once. What TaskReader and TaskWriter share.
//
// A power cut loses nothing that a commit has answered for: the service tells others of it.
// Throws Error: kUnsupported for a database of a newer Gantry, kNoSpace, kIo. One thread at a time.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include <SQLiteCpp/Database.h>
#include <SQLiteCpp/Statement.h>
#include <SQLiteCpp/VariadicBind.h>

#include "gantry/base/error.hpp"

namespace gantry::service {

// The Error behind what SQLite has thrown.
Error error_of(const SQLite::Exception& error);

class TaskDatabase {
 public:
  enum class Access { kRead, kWrite };

  // kWrite makes the tables if there are none, and brings older ones up to date.
  TaskDatabase(const std::filesystem::path& path, Access access);

  SQLite::Database& connection() { return connection_; }

  // A statement in use: at most once at a time for the same text. Reset when it goes.
  class Query {
   public:
    explicit Query(SQLite::Statement& statement) : statement_(&statement) {}
    Query(Query&& other) noexcept : statement_(std::exchange(other.statement_, nullptr)) {}
    Query& operator=(Query&&) = delete;
    ~Query() {
      if (statement_ != nullptr) statement_->tryReset();
    }
    // Whether there is another row.
    bool next() { return statement_->executeStep(); }
    SQLite::Column column(int index) const { return statement_->getColumn(index); }
    std::string text(int index) const { return statement_->getColumn(index).getString(); }
    std::int64_t number(int index) const { return statement_->getColumn(index).getInt64(); }
    bool is_null(int index) const { return statement_->isColumnNull(index); }

   private:
    SQLite::Statement* statement_;
  };

  template <class... Values>
  Query query(const char* sql, const Values&... values) {
    SQLite::Statement& statement = prepared(sql);
    statement.clearBindings();
    if constexpr (sizeof...(values) > 0) SQLite::bind(statement, values...);
    return Query(statement);
  }
  // A statement without rows; how many rows it has changed.
  template <class... Values>
  int execute(const char* sql, const Values&... values) {
    query(sql, values...).next();
    return connection_.getChanges();
  }

 private:
  SQLite::Statement& prepared(const char* sql);

  SQLite::Database connection_;
  std::map<std::string, std::unique_ptr<SQLite::Statement>, std::less<>> statements_;
};

}  // namespace gantry::service
