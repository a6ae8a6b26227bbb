// A generated archive: a tree of entities, each a letter with pages, made when it is asked for.
//
// Entity 0 is the root; the children of entity n are n * fanout + 1 and the next. Its identifier is
// "01JZSANDB0X" and its number in 15 digits. With oddities, the root has children of every kind
// that an archive may hold and an export must survive, called "01JZ", zeros and a word.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <boost/json/object.hpp>

namespace gantry::sandbox {

struct ArkeOptions {
  int entities = 100;
  int fanout = 10;
  int pages = 2;         // of each entity
  int page_bytes = 600;  // of the text of a page
  bool oddities = false;
};

struct ArkeAnswer {
  int status = 200;
  std::string body;
};

// All calls from any thread.
class ArkeTree {
 public:
  explicit ArkeTree(ArkeOptions options);

  // GET /entities/{pi}
  ArkeAnswer entity(std::string_view pi);
  // GET /ipfs/{cid}, of what entity() has named.
  ArkeAnswer content(const std::string& cid);
  // POST /pi/entities-with-relationships
  ArkeAnswer graph(std::string_view body) const;

  static std::string pi_of(std::int64_t number);

 private:
  struct Place {
    std::int64_t number = 0;
    std::int32_t part = 0;
  };

  ArkeAnswer generated(std::int64_t number);
  std::string part_of(std::int64_t number, std::int32_t part) const;
  std::string key_of(std::int32_t part) const;
  void add_oddities();
  boost::json::object add_oddity(std::string_view word, std::map<std::string, std::string> parts);
  void add_lost_parts();

  const ArkeOptions options_;
  std::vector<std::string> odd_children_;        // of the root
  std::map<std::string, ArkeAnswer> odd_;        // by identifier
  std::map<std::string, std::string> contents_;  // of these, by CID
  std::mutex mutex_;
  std::unordered_map<std::string, Place> named_;  // by CID
};

}  // namespace gantry::sandbox
