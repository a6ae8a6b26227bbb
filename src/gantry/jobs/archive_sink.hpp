// Puts records together to one file. They come in breadth-first order, parents before children; a
// collection has them in that order, a tree has children within their parents. Memory does not grow
// with their number. All calls block.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "gantry/base/blob.hpp"
#include "gantry/jobs/archive_options.hpp"
#include "gantry/jobs/archive_records.hpp"

namespace gantry::jobs {

// Where the children of a record are found: those that are exported under it follow each other.
struct ChildLinks {
  std::uint64_t first = 0;  // the number of the first among all records
  std::uint32_t count = 0;
  std::vector<archive::Pi> elsewhere;  // that stand under another parent
};

class ArchiveSink {
 public:
  virtual ~ArchiveSink() = default;

  virtual void add(const ArchiveRecord& record, const ChildLinks& links) = 0;
  // The whole document.
  virtual Blob finish() = 0;
};

std::unique_ptr<archive::DocumentFormat> make_format(const ArchiveOptions& options);

// What it needs on disk is in `folder`, which outlives the blob. `exported_at` as in
// pinax::Document.
std::unique_ptr<ArchiveSink> make_sink(const ArchiveOptions& options, std::filesystem::path folder,
                                       const std::string& exported_at);

}  // namespace gantry::jobs
