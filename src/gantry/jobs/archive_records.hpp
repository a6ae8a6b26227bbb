// Entities of the archive as records of a document: everything that one record needs is fetched,
// and becomes text while it comes, so that pages with text are never held together. Io thread.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "gantry/archive/document.hpp"
#include "gantry/jobs/archive_options.hpp"
#include "gantry/jobs/engine.hpp"
#include "gantry/jobs/spool.hpp"

namespace gantry::jobs {

// An entity, ready to be put into the document.
struct ArchiveRecord {
  archive::Place place;  // the entity itself at its end: another one than was asked for, if merged
  Spool text;
  std::vector<archive::Pi> children;  // all that the archive names
  std::optional<archive::Absence> absence;
  std::optional<Error> error;  // of an absence
  std::vector<archive::Pi> merged_from;
  std::vector<std::string> faults;      // what the record lacks: "pinax.json is not JSON"
  std::uint64_t contents_verified = 0;  // whose bytes are those that the CID names
  std::uint64_t contents_taken = 0;     // whose CID does not tell

  // Whether it has a record of its own, with a place for children.
  bool is_open() const { return !absence || absence->manifest; }
};

class ArchiveRecords {
 public:
  // All outlive it. Long texts lie in `folder` while they wait.
  ArchiveRecords(Engine& engine, const ArchiveOptions& options, archive::DocumentFormat& format,
                 std::filesystem::path folder, batch::JobContext context)
      : engine_(engine),
        options_(options),
        format_(format),
        folder_(std::move(folder)),
        context_(std::move(context)) {}

  // What goes wrong with this entity alone is its absence; the rest is thrown.
  async::awaitable<ArchiveRecord> fetch(archive::Place place);

 private:
  // Follows merges. Nothing: there is an absence instead.
  async::awaitable<std::optional<archive::Manifest>> manifest_of(ArchiveRecord& record);
  async::awaitable<void> add_parts(archive::Record& parts, ArchiveRecord& record);
  async::awaitable<void> add_graph(archive::Record& parts, ArchiveRecord& record);
  async::awaitable<void> take(std::vector<archive::Component> components, archive::Record& parts,
                              ArchiveRecord& record);
  // What the references of an entity hold, in their order; nothing if it has none.
  using Pages = std::optional<batch::ItemStream<std::string>>;
  Pages ask_for_pages(const archive::Manifest& manifest);
  async::awaitable<void> write(const archive::Record& parts, Pages pages, ArchiveRecord& record);
  async::awaitable<void> append(ArchiveRecord& record, std::string text);
  void add_absence(ArchiveRecord& record, archive::Absence absence);

  Engine& engine_;
  const ArchiveOptions& options_;
  archive::DocumentFormat& format_;
  std::filesystem::path folder_;
  batch::JobContext context_;
};

}  // namespace gantry::jobs
