// The other end of a launcher: one attempt at one task, in a process of its own that is told what
// to do by its environment, tells its server that it lives, and at last what became of it.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>

#include "gantry/base/secret.hpp"
#include "gantry/jobs/archive_export.hpp"
#include "gantry/jobs/engine.hpp"
#include "gantry/net/transport.hpp"

namespace gantry::service {

// TASK_ID, PI, BATCH_ID, EXPORT_FORMAT ("mods"), EXPORT_OPTIONS (a JSON object), CALLBACK_URL,
// CALLBACK_TOKEN and GANTRY_OUTPUT_DIR. Without the last, the output is put where the server gives
// leave to, and then a CALLBACK_URL is needed. For "design", PI is the name of the configuration
// and EXPORT_OPTIONS the configuration itself.
struct WorkerTask {
  std::string task_id;
  std::string batch_id;
  std::string callback_url;  // empty: nobody is told
  Secret token;
  std::filesystem::path folder;  // for the output
  bool uploads = false;          // the output, from there
  std::string subject;
  std::string format;
  std::string options;
  bool has_figma_token = false;  // FIGMA_PERSONAL_TOKEN is set, which the engine has
};

// `variable` gives a variable of the environment. kUsage if one is missing.
WorkerTask read_worker_task(
    const std::function<std::optional<std::string>(const char* name)>& variable);

// Exports, with a sign of life every ten seconds, and reports the end until the server has taken
// it. False if the export failed, or the server wants it no more. Throws what reporting throws in
// the end.
async::awaitable<bool> run_worker(jobs::Engine& engine, net::Transport& transport, WorkerTask task);

}  // namespace gantry::service
