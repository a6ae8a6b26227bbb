#include "apps/sandbox/fly_machines.hpp"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>

#include <boost/json/array.hpp>
#include <fcntl.h>
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "gantry/base/error.hpp"
#include "gantry/base/hash.hpp"

namespace gantry::sandbox {
namespace {

namespace json = boost::json;
namespace fs = std::filesystem;

std::int64_t unix_milliseconds() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

std::string time_text() {
  return fmt::format(
      "{:%Y-%m-%dT%H:%M:%SZ}",
      fmt::gmtime(std::chrono::system_clock::to_time_t(std::chrono::system_clock::now())));
}

// The text of a member, or nothing.
std::string text_of(const json::object& object, std::string_view name) {
  const json::value* value = object.if_contains(name);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : "";
}

// "registry/repository:tag" or "registry/repository@digest" in its parts.
json::object image_ref(const std::string& image) {
  const std::size_t slash = std::min(image.find('/'), image.size());
  const std::size_t at = std::min(image.find('@'), image.size());
  const std::size_t colon = std::min(image.find(':', slash), at);
  json::object ref{{"registry", image.substr(0, slash)},
                   {"repository", image.substr(std::min(slash + 1, image.size()),
                                               colon - std::min(slash + 1, colon))}};
  if (colon < at) ref["tag"] = image.substr(colon + 1, at - colon - 1);
  ref["digest"] = at < image.size() ? image.substr(at + 1) : "sha256:" + sha256(image).hex();
  return ref;
}

std::vector<std::string> environment_of(const json::object& config, const fs::path& home) {
  std::vector<std::string> variables = {"HOME=" + home.string(), "TMPDIR=" + home.string()};
  if (const char* path = std::getenv("PATH")) variables.push_back(std::string("PATH=") + path);
  if (const json::value* given = config.if_contains("env"); given != nullptr) {
    for (const auto& variable : given->as_object()) {
      variables.push_back(std::string(variable.key()) + "=" +
                          std::string(variable.value().as_string()));
    }
  }
  return variables;
}

// A process in a group of its own, with nothing of ours but its folder.
pid_t spawn(const fs::path& program, std::vector<std::string> variables, const fs::path& log) {
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  posix_spawn_file_actions_init(&actions);
  posix_spawnattr_init(&attributes);
  posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&actions, 1, log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
  posix_spawn_file_actions_adddup2(&actions, 1, 2);
  posix_spawn_file_actions_addclosefrom_np(&actions, 3);
  sigset_t none;
  sigemptyset(&none);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setpgroup(&attributes, 0);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK);
  std::string command = program.string();
  std::string argument = "worker";
  char* const arguments[] = {command.data(), argument.data(), nullptr};
  std::vector<char*> pointers;
  pointers.reserve(variables.size() + 1);
  for (std::string& variable : variables) pointers.push_back(variable.data());
  pointers.push_back(nullptr);
  pid_t pid = 0;
  const int fault =
      posix_spawn(&pid, command.c_str(), &actions, &attributes, arguments, pointers.data());
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  if (fault != 0) throw system_error("cannot start " + command, fault);
  return pid;
}

}  // namespace

struct FlyMachines::Machine {
  std::string id;
  std::string version;
  std::string app;
  std::string name;
  std::string region;
  json::object config;
  std::string state = "created";
  std::string created_at = time_text();
  json::array events;  // the latest first
  pid_t pid = 0;       // 0: nothing runs
  fs::path folder;
  std::thread watcher;
};

FlyMachines::FlyMachines(const FlyOptions& options) : options_(options) {}

FlyMachines::~FlyMachines() {
  {
    const std::lock_guard lock(mutex_);
    for (const auto& machine : machines_) {
      if (machine->pid != 0) ::kill(-machine->pid, SIGKILL);
    }
  }
  for (const auto& machine : machines_) {
    if (machine->watcher.joinable()) machine->watcher.join();
    std::error_code ignored;
    if (!machine->folder.empty()) fs::remove_all(machine->folder, ignored);
  }
}

std::optional<FlyMachines::Value> FlyMachines::create(const std::string& app,
                                                      const Value& request) {
  const std::lock_guard lock(mutex_);
  const std::string name = text_of(request, "name");
  for (const auto& other : machines_) {
    const bool is_there = other->app == app && other->state != "destroyed";
    if (is_there && !name.empty() && other->name == name) return std::nullopt;
  }
  auto machine = std::make_unique<Machine>();
  ++created_;
  machine->id = fmt::format("{:014x}", 0x5a0d'b0c0'0000ULL + created_);
  machine->version = fmt::format("01JZFLY{:019}", created_);
  machine->app = app;
  machine->name = name.empty() ? "machine-" + machine->id : name;
  machine->region = text_of(request, "region").empty() ? "ord" : text_of(request, "region");
  machine->config = request.at("config").as_object();
  machines_.push_back(std::move(machine));
  start(*machines_.back());
  return shown(*machines_.back());
}

void FlyMachines::start(Machine& machine) {
  note(machine, "launch", "created", {});
  machine.state = "started";
  note(machine, "start", "started", {});
  if (options_.program.empty()) return;
  machine.folder =
      fs::temp_directory_path() / fmt::format("gantry-fly-{}-{}", ::getpid(), machine.id);
  fs::create_directories(machine.folder);
  const pid_t pid = spawn(options_.program, environment_of(machine.config, machine.folder),
                          machine.folder / "log");
  machine.pid = pid;
  most_running_ = std::max(most_running_, ++running_);
  if (options_.kill_every > 0 && created_ % options_.kill_every == 0) {
    ++killed_;
    ::kill(-pid, SIGKILL);
  }
  machine.watcher = std::thread([this, &machine, pid] { run(machine, pid); });
}

// Until its process has ended.
void FlyMachines::run(Machine& machine, pid_t pid) {
  siginfo_t end{};
  while (::waitid(P_PID, static_cast<id_t>(pid), &end, WEXITED | WNOWAIT) < 0 && errno == EINTR) {
  }
  const std::lock_guard lock(mutex_);
  // Its number stays its own until it is taken here.
  int status = 0;
  ::waitpid(pid, &status, 0);
  machine.pid = 0;
  --running_;
  const int signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
  const int code = signal != 0 ? 128 + signal : WEXITSTATUS(status);
  const json::object exit{{"exit_code", code},   {"guest_exit_code", code},
                          {"guest_signal", -1},  {"signal", signal == 0 ? -1 : signal},
                          {"oom_killed", false}, {"requested_stop", false},
                          {"restarting", false}, {"exited_at", time_text()}};
  note(machine, "exit", "stopped", {{"exit_event", exit}, {"restart_count", 0}});
  const json::value* destroys = machine.config.if_contains("auto_destroy");
  const bool goes = destroys != nullptr && destroys->is_bool() && destroys->get_bool();
  if (machine.state != "destroyed") machine.state = goes ? "destroyed" : "stopped";
}

void FlyMachines::note(Machine& machine, const char* type, const char* status, Value request) {
  json::object event{{"id", fmt::format("01JZEVT{:019}", ++last_event_)},
                     {"type", type},
                     {"status", status},
                     {"source", "flyd"},
                     {"timestamp", unix_milliseconds()},
                     {"request", std::move(request)}};
  machine.events.insert(machine.events.begin(), std::move(event));
}

FlyMachines::Value FlyMachines::shown(const Machine& machine) const {
  return {{"id", machine.id},
          {"name", machine.name},
          {"state", machine.state},
          {"region", machine.region},
          {"instance_id", machine.version},
          {"private_ip", "fdaa:0:1::2"},
          {"config", machine.config},
          {"image_ref", image_ref(text_of(machine.config, "image"))},
          {"created_at", machine.created_at},
          {"updated_at", machine.created_at},
          {"events", machine.events},
          {"host_status", "ok"}};
}

std::optional<FlyMachines::Value> FlyMachines::find(const std::string& app, const std::string& id) {
  const std::lock_guard lock(mutex_);
  for (const auto& machine : machines_) {
    if (machine->app == app && machine->id == id) return shown(*machine);
  }
  return std::nullopt;
}

std::vector<FlyMachines::Value> FlyMachines::list(
    const std::string& app, const std::map<std::string, std::string>& metadata,
    bool with_destroyed) {
  const std::lock_guard lock(mutex_);
  std::vector<Value> values;
  for (const auto& machine : machines_) {
    if (machine->app != app || (!with_destroyed && machine->state == "destroyed")) continue;
    const json::value* own = machine->config.if_contains("metadata");
    const bool is_wanted = std::all_of(metadata.begin(), metadata.end(), [&](const auto& wanted) {
      return own != nullptr && text_of(own->as_object(), wanted.first) == wanted.second;
    });
    if (is_wanted) values.push_back(shown(*machine));
  }
  return values;
}

void FlyMachines::stop(const std::string& id, int signal) {
  const std::lock_guard lock(mutex_);
  for (const auto& machine : machines_) {
    if (machine->id != id) continue;
    if (machine->pid != 0) {
      ::kill(-machine->pid, signal);
    } else if (machine->state == "started") {
      machine->state = "stopped";
    }
  }
}

void FlyMachines::destroy(const std::string& id) {
  const std::lock_guard lock(mutex_);
  for (const auto& machine : machines_) {
    if (machine->id != id) continue;
    if (machine->pid != 0) ::kill(-machine->pid, SIGKILL);
    machine->state = "destroyed";
  }
}

FlyMachines::Value FlyMachines::stats() {
  const std::lock_guard lock(mutex_);
  std::uint64_t there = 0;
  for (const auto& machine : machines_) there += machine->state == "destroyed" ? 0 : 1;
  return {{"created", created_},
          {"killed", killed_},
          {"there", there},
          {"running", running_},
          {"most_running", most_running_}};
}

}  // namespace gantry::sandbox
