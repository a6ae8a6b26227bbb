// What the command line asks of the file of a SqliteStore and does to it, also while other
// processes use it.
//
// All calls block and take the path of the file. Error kNotFound if there is none, and none is
// made; kIo if it cannot be read, for instance because it is no file of records.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "gantry/async/clock.hpp"
#include "gantry/store/store.hpp"

namespace gantry::store {

struct CacheTotals {
  struct Part {
    std::string name;
    std::uint64_t entries = 0;
    std::uint64_t bytes = 0;
  };

  std::uint64_t entries = 0;
  std::uint64_t bytes = 0;       // of keys and values
  std::uint64_t file_bytes = 0;  // with what SQLite adds and has not given back
  std::uint64_t values = 0;      // entries of Record::Kind::kValue
  std::uint64_t absent = 0;      // and of kAbsent
  std::uint64_t fresh = 0;
  std::uint64_t stale = 0;
  std::uint64_t expired = 0;  // not kept any more, and not removed yet
  // When the first and the last of them were stored; empty if there is none.
  std::optional<async::WallTime> oldest;
  std::optional<async::WallTime> newest;
  // By what stands in the keys before the first ':' or '/', most bytes first.
  std::vector<Part> parts;
};

CacheTotals cache_totals(const std::filesystem::path& file, async::WallTime now);

struct CacheEntry {
  std::string key;
  Record::Kind kind = Record::Kind::kValue;
  std::uint64_t size = 0;  // of the value
  async::WallTime stored_at;
  async::WallTime fresh_until;
  async::WallTime kept_until;
  Bytes bytes;  // null unless asked for
};

struct CacheQuery {
  // With the `*`, `?` and `[...]` of SQLite's GLOB. Of a key that holds a NUL, what stands before.
  std::string pattern = "*";
  std::size_t limit = 20;
  bool with_bytes = false;
};

// Last stored first.
std::vector<CacheEntry> list_cache(const std::filesystem::path& file, const CacheQuery& query);

struct CacheRemoval {
  std::string pattern = "*";
  std::optional<async::WallTime> stored_before{};
};

// The number of entries that it removed. The file shrinks if most of it is unused then.
std::uint64_t remove_from_cache(const std::filesystem::path& file, const CacheRemoval& removal);

struct CacheCheck {
  std::uint64_t intact = 0;
  std::vector<std::string> damaged;  // keys
  std::vector<std::string> faults;   // of the file itself, in SQLite's words; 100 at most
};

// Reads every record and compares its checksum. Changes nothing: a damaged record is a miss for
// the store, which then removes it.
CacheCheck verify_cache(const std::filesystem::path& file);

}  // namespace gantry::store
