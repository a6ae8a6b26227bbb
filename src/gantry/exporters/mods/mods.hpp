// Archive entities as MODS 3.8: one record, or a collection of them. Pure.
//
//   Document document(options);
//   text = document.opening();
//   for each entity: text += what its RecordWriter gives, or absence();
//   text += document.closing();
//
// Texts stand in the document as they are in the archive: nothing is trimmed, folded or indented.
// What XML 1.0 cannot hold becomes U+FFFD and is counted.
#pragma once

#include <string>

#include "gantry/archive/document.hpp"

namespace gantry::exporters::mods {

// How much of an entity's graph becomes subjects and notes. kMinimal: people, organisations,
// places, concepts and dates, as subjects. kFull: everything else as well, and properties and
// relations as notes.
enum class Graph { kFull, kMinimal, kSkip };

struct Options {
  bool is_collection = false;
  bool include_ocr = true;
  Graph graph = Graph::kFull;
};

class Document final : public archive::DocumentFormat {
 public:
  explicit Document(Options options) : options_(options) {}

  std::string opening() const;
  std::string closing() const;
  std::unique_ptr<archive::RecordWriter> record(const archive::Record& record,
                                                const archive::Place& place) override;
  std::string absence(const archive::Absence& absence, const archive::Place& place) override;
  std::uint64_t replaced() const override { return replaced_; }

 private:
  Options options_;
  std::uint64_t replaced_ = 0;
};

}  // namespace gantry::exporters::mods
