// What one export wants to be on disk: paths below one output root with their bytes. A value;
// nothing is written before Commit.
#pragma once

#include <map>
#include <string>

#include "gantry/base/blob.hpp"
#include "gantry/base/relative_path.hpp"

namespace gantry::output {

struct OutputFile {
  Blob content;
  // The remote object that the file shows, "<file key>/<node id>"; empty for generated code.
  std::string source;
};

class FileTree {
 public:
  // kConflict if the path is taken, also by one that differs only in case or Unicode form.
  void add(RelativePath path, OutputFile file);

  const std::map<RelativePath, OutputFile>& files() const { return files_; }

 private:
  std::map<RelativePath, OutputFile> files_;
  std::map<std::string, RelativePath> taken_;  // collision key -> path
};

}  // namespace gantry::output
