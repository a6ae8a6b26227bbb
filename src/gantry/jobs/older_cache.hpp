// The `.exfig-cache.json` of ExFig, which knew of each file of Figma the version that it had
// exported last. It is taken over once, into a cache that is new.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <string_view>

#include "gantry/async/awaitable.hpp"
#include "gantry/store/store.hpp"

namespace gantry::jobs {

struct OlderCache {
  struct File {
    std::string version;
    std::string last_export;  // as it stands there; may be empty
    std::string name;         // likewise
    bool operator==(const File&) const = default;
  };
  std::map<std::string, File> files;  // by key

  // kBadResponse for what ExFig has not written, or a newer one than is known.
  static OlderCache decode(std::string_view text);
};

// Blocks. As decode(); kNotFound, kIo, kTooLarge.
OlderCache read_older_cache(const std::filesystem::path& path);

// Keeps a record "exfig/KEY" of each file, for ever. A store that fails is no reason to fail.
async::awaitable<void> keep_older_cache(store::Store& store, OlderCache cache);

}  // namespace gantry::jobs
