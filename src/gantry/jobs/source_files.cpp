#include "gantry/jobs/source_files.hpp"

#include <optional>
#include <utility>

namespace gantry::jobs {

async::awaitable<SourceFile> read_source_file(Engine& engine, std::string file_key,
                                              batch::JobContext context) {
  SourceFile file;
  file.key = file_key;
  std::optional<Error> no_version;
  try {
    figma::FileMeta meta = co_await engine.figma().meta(file_key, context);
    file.version = meta.version;
  } catch (const Error& error) {
    bool is_about_metadata = error.code() == ErrorCode::kForbidden;
    if (!is_about_metadata) throw;
    no_version = error;
  }
  file.components = co_await engine.figma().components(file_key, context);
  if (no_version) {
    context.progress->warning(context.name, "the version of file " + file_key +
                                                " is unknown, so nothing of it is kept for the "
                                                "next run: " +
                                                no_version->message());
  }
  co_return file;
}

}  // namespace gantry::jobs
