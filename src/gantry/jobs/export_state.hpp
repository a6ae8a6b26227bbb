// What an export was made from, kept in the cache, so that the next run can tell from the versions
// of the files alone that nothing is to be done.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "gantry/async/awaitable.hpp"
#include "gantry/base/hash.hpp"
#include "gantry/store/store.hpp"

namespace gantry::jobs {

struct ExportState {
  Digest made_by;
  std::map<std::string, std::string> versions;  // of the Figma files, by key; none is empty
  std::size_t exported = 0;                     // assets
  Digest stamp;                                 // output::stamp_of() the files it has written

  std::string encode() const;
  // kBadResponse for a text that encode() has not made.
  static ExportState decode(std::string_view text);
  bool operator==(const ExportState&) const = default;
};

// Nothing where the store has no record, a damaged one, or cannot be read.
async::awaitable<std::optional<ExportState>> find_export_state(store::Store& store,
                                                               std::string export_id);
// A store that fails is no reason to fail: the next run exports again.
async::awaitable<void> keep_export_state(store::Store& store, std::string export_id,
                                         ExportState state);

}  // namespace gantry::jobs
