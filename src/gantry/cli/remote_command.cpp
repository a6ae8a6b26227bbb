#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include "gantry/cli/commands.hpp"
#include "gantry/cli/display_text.hpp"
#include "gantry/cli/help.hpp"
#include "gantry/cli/session.hpp"
#include "gantry/jobs/version.hpp"
#include "gantry/net/curl_transport.hpp"
#include "gantry/service/remote.hpp"

namespace gantry::cli {
namespace {

namespace json = boost::json;

struct RemoteFlags {
  std::string server = "http://127.0.0.1:8080";
  bool allow_http = false;
  std::vector<std::string> entities;
  std::string from;
  std::string format = "mods";
  std::string options = "{}";
  int priority = 0;
  std::string idempotency_key;
  bool watch = false;
  std::string batch;
  std::string output;
  bool partial = false;
};

// What a sub-command does, with a client of the server.
using Task = async::awaitable<int> (*)(service::Remote& remote, const RemoteFlags& flags,
                                       Terminal& terminal);

std::string text_of(const json::value& value, const char* name) {
  const json::value* member = value.is_object() ? value.get_object().if_contains(name) : nullptr;
  if (member == nullptr) return "";
  return member->is_string() ? std::string(member->get_string()) : json::serialize(*member);
}

std::string summary_of(const json::value& status) {
  return fmt::format("{} of {} done, {} failed, {} to go", text_of(status, "completed"),
                     text_of(status, "total_tasks"), text_of(status, "failed"),
                     text_of(status, "processing"));
}

// What must be right before a server is asked: adds the PIs of the file, one a line.
void complete_submission(RemoteFlags& flags) {
  if (!flags.from.empty()) {
    std::ifstream file(flags.from);
    std::istream& lines = flags.from == "-" ? std::cin : file;
    if (!lines) throw Error(ErrorCode::kUsage, "cannot read " + flags.from);
    for (std::string word; lines >> word;) flags.entities.push_back(word);
  }
  if (flags.entities.empty()) {
    throw Error(ErrorCode::kUsage, "no PI is given; name some, or --from FILE");
  }
  json::error_code fault;
  json::parse(flags.options, fault);
  if (fault) throw Error(ErrorCode::kUsage, "--options is not JSON: " + fault.message());
}

// A submission that is repeated because its answer was lost is the same one.
std::string idempotency_key_of(const RemoteFlags& flags) {
  if (!flags.idempotency_key.empty()) return flags.idempotency_key;
  std::random_device device;
  return fmt::format("gantry-{:08x}{:08x}{:08x}{:08x}", device(), device(), device(), device());
}

async::awaitable<int> watch_batch(service::Remote& remote, const RemoteFlags& flags,
                                  Terminal& terminal) {
  std::string etag;
  std::string last;
  while (true) {
    service::Remote::Status status = co_await remote.wait_for_change(flags.batch, etag);
    etag = status.etag;
    if (status.value.is_null()) continue;
    std::string text = summary_of(status.value);
    bool is_over = status.value.get_object().contains("completed_at");
    if (text != last && !is_over) terminal.notice(text);
    last = text;
    if (!is_over) continue;
    for (const json::value& task : status.value.at("tasks").as_array()) {
      if (text_of(task, "status") != "error") continue;
      std::string name = text_of(task, "pi") + text_of(task, "name");  // it has one of them
      terminal.error(printable_line(name + ": " + text_of(task, "error")));
    }
    terminal.result(text + "\n");
    co_return text_of(status.value, "failed") == "0" ? kSuccess : kFailure;
  }
}

async::awaitable<int> submit_batch(service::Remote& remote, const RemoteFlags& flags,
                                   Terminal& terminal) {
  json::object body{{"pis", json::array(flags.entities.begin(), flags.entities.end())},
                    {"options", json::parse(flags.options)},
                    {"priority", flags.priority}};
  json::value answer = co_await remote.call("POST", fmt::format("/export/{}/batch", flags.format),
                                            json::serialize(body), idempotency_key_of(flags));
  RemoteFlags its = flags;
  its.batch = text_of(answer, "batch_id");
  terminal.result(its.batch + "\n");
  if (!flags.watch) co_return kSuccess;
  co_return co_await watch_batch(remote, its, terminal);
}

async::awaitable<int> show_status(service::Remote& remote, const RemoteFlags& flags,
                                  Terminal& terminal) {
  json::value status =
      co_await remote.call("GET", fmt::format("/status/batch/{}?limit=1", flags.batch));
  terminal.result(fmt::format("{}: {}\n", text_of(status, "state"), summary_of(status)));
  co_return kSuccess;
}

async::awaitable<int> download_batch(service::Remote& remote, const RemoteFlags& flags,
                                     Terminal& terminal) {
  std::filesystem::path file = flags.output.empty() ? flags.batch + ".zip" : flags.output;
  auto progress = [&terminal, file](std::uint64_t done, std::uint64_t total) {
    terminal.job_advanced(file.string(), "downloading", done, total);
  };
  std::uint64_t size = co_await remote.download(flags.batch, flags.partial, file, progress);
  terminal.result(fmt::format("{} ({} bytes)\n", printable_line(file.string()), size));
  co_return kSuccess;
}

async::awaitable<int> cancel_batch(service::Remote& remote, const RemoteFlags& flags,
                                   Terminal& terminal) {
  json::value batch = co_await remote.call("POST", fmt::format("/batches/{}/cancel", flags.batch));
  terminal.result(summary_of(batch) + "\n");
  co_return kSuccess;
}

async::awaitable<int> retry_batch(service::Remote& remote, const RemoteFlags& flags,
                                  Terminal& terminal) {
  json::value answer = co_await remote.call("POST", fmt::format("/batches/{}/retry", flags.batch));
  terminal.result(fmt::format("{} tasks begin anew\n", text_of(answer, "retried")));
  if (!flags.watch) co_return kSuccess;
  co_return co_await watch_batch(remote, flags, terminal);
}

async::awaitable<int> run_task(jobs::Engine& engine, Task task, const RemoteFlags& flags,
                               Terminal& terminal) {
  net::CurlTransport transport(engine.executor(), engine.clock(),
                               net::EgressPolicy(flags.allow_http),
                               fmt::format("gantry/{}", jobs::kVersion));
  const char* key = std::getenv("GANTRY_API_KEY");
  service::Remote remote(engine.clock(), transport, flags.server,
                         Secret(key == nullptr ? "" : key));
  co_return co_await task(remote, flags, terminal);
}

// A sub-command with the flags that all of them have.
CLI::App* add_task(CLI::App& remote, const char* name, const char* what, Task task,
                   const std::shared_ptr<RemoteFlags>& flags, const CommonFlags& common,
                   Action& action) {
  CLI::App* command = remote.add_subcommand(name, what);
  command->add_option("--server", flags->server, "Address of the server")
      ->option_text("URL")
      ->envname("GANTRY_SERVER")
      ->default_str("http://127.0.0.1:8080")
      ->group(kConnectionGroup);
  command->add_flag("--allow-http", flags->allow_http, "Allow plain http beyond loopback")
      ->group(kConnectionGroup);
  command->callback([flags, task, &common, &action] {
    action = [flags, task, &common] {
      if (task == &submit_batch) complete_submission(*flags);
      Terminal terminal(common.quiet ? Verbosity::kQuiet : Verbosity::kNormal,
                        common.log_format == "json" ? LogFormat::kJson : LogFormat::kText);
      return run_session(jobs::EngineOptions(), terminal,
                         [flags, task, &terminal](jobs::Engine& engine) {
                           return run_task(engine, task, *flags, terminal);
                         });
    };
  });
  return command;
}

void add_submission_flags(CLI::App& command, RemoteFlags& flags) {
  command.add_option("PI", flags.entities, "Entities to export")->group(kRequiredGroup);
  command.add_option("--from", flags.from, "Read more PIs from a file; - for standard input")
      ->option_text("FILE")
      ->group(kRequiredGroup);
  command.add_option("--format", flags.format, "mods or pinax")
      ->check(CLI::IsMember({"mods", "pinax"}))
      ->option_text("FORMAT")
      ->default_str("mods")
      ->group(kOutputGroup);
  command.add_option("--options", flags.options, "Options of the exports, as a JSON object")
      ->option_text("JSON")
      ->default_str("{}")
      ->group(kOutputGroup);
  command.add_option("--priority", flags.priority, "From -2 to 2; each step is twice the weight")
      ->check(CLI::Range(-2, 2))
      ->option_text("N")
      ->default_str("0")
      ->group(kLimitsGroup);
  command
      .add_option("--idempotency-key", flags.idempotency_key,
                  "With the same key, the same request is made once")
      ->option_text("KEY")
      ->group(kLimitsGroup);
}

}  // namespace

void add_remote_command(CLI::App& app, const CommonFlags& common, Action& action) {
  auto flags = std::make_shared<RemoteFlags>();
  CLI::App* remote = app.add_subcommand("remote", "Use a server: submit, watch, download");
  remote->require_subcommand(1);
  remote->footer(
      "GANTRY_API_KEY holds the key, if the server wants one.\n"
      "\n"
      "Examples:\n"
      "  gantry remote submit --from pis.txt --watch\n"
      "  gantry remote download batch_1763061234567_a3f8c2d1 -o records.zip");
  auto add = [&](const char* name, const char* what, Task task) {
    CLI::App* command = add_task(*remote, name, what, task, flags, common, action);
    if (task != &submit_batch) {
      command->add_option("BATCH", flags->batch, "As submit has printed it")
          ->required()
          ->group(kRequiredGroup);
    }
    return command;
  };
  CLI::App* submit = add("submit", "Ask for a batch of exports, and print its name", &submit_batch);
  add_submission_flags(*submit, *flags);
  add("status", "How far a batch is", &show_status);
  add("watch", "Tell of a batch until it has ended; exit code 1 if a task failed", &watch_batch);
  CLI::App* download =
      add("download", "Get the ZIP; goes on where it was broken off", &download_batch);
  download->add_option("-o,--output", flags->output, "The file")
      ->option_text("FILE")
      ->default_str("BATCH.zip")
      ->group(kOutputGroup);
  download->add_flag("--partial", flags->partial, "What there is of a batch that still runs")
      ->group(kOutputGroup);
  add("cancel", "End what has not ended", &cancel_batch);
  CLI::App* retry = add("retry", "Do again what has failed", &retry_batch);
  for (CLI::App* command : {submit, retry}) {
    command->add_flag("--watch", flags->watch, "Wait until the batch has ended")
        ->group(kOutputGroup);
  }
}

}  // namespace gantry::cli
