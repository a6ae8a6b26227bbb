// One kind of export of one entry of a configuration, such as its web icons: what it asks for,
// where it writes, and how files come of it. The steps around it are EntryExport's. Io thread.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "gantry/async/task_scope.hpp"
#include "gantry/base/relative_path.hpp"
#include "gantry/jobs/publication.hpp"
#include "gantry/jobs/result.hpp"

namespace gantry::jobs {

// The versions of Figma files by key, as they were before anything of them was read; empty:
// unknown.
using Versions = std::map<std::string, std::string>;

class KindExport {
 public:
  virtual ~KindExport() = default;

  virtual std::string kind() const = 0;  // "icons"
  // The files that it reads. kInvalidConfig if the configuration lacks one.
  virtual std::vector<std::string> file_keys() const = 0;
  // All its files are below it.
  virtual std::filesystem::path root() const = 0;

  // Chooses, pairs and names what is exported, with cheap calls only. Findings that make single
  // assets impossible are failures of the result; what concerns all is thrown.
  virtual async::awaitable<void> list(Versions versions, KindResult& result) = 0;
  // Every file that it will write. After list().
  virtual std::vector<RelativePath> paths() const = 0;

  // Looks up which of its drawings are stored. After list(), once.
  virtual async::awaitable<void> prepare() = 0;
  // Starts to ask for where the others are, with tasks of `scope`, which outlives the export; asked
  // again with a higher priority, what waits moves up. A hint: produce() works without it.
  virtual void ask_ahead(async::TaskScope& scope, batch::Priority priority) = 0;
  // How many drawings need no download.
  virtual std::size_t stored() const = 0;
  // Fetches, converts and stages all files. Failures of single assets are in the result.
  virtual async::awaitable<void> produce(Publication& publication, KindResult& result) = 0;
};

}  // namespace gantry::jobs
