#include "gantry/service/local_launcher.hpp"

#include <algorithm>
#include <cerrno>
#include <csignal>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "gantry/async/event.hpp"
#include "gantry/base/files.hpp"

namespace gantry::service {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kLastWords = 200;
constexpr const char* kLog = "worker.log";

// Of what the worker has said on its standard error, the last line.
std::string last_words(const fs::path& log) {
  std::string text;
  try {
    text = read_file(log, 1 << 20);
  } catch (const Error&) {
    return {};
  }
  while (!text.empty() && text.back() == '\n') text.pop_back();
  text.erase(0, text.rfind('\n') + 1);
  return text.substr(0, kLastWords);
}

std::string describe(int status) {
  if (WIFSIGNALED(status)) return fmt::format("killed by signal {}", WTERMSIG(status));
  return fmt::format("exit code {}", WEXITSTATUS(status));
}

class SpawnPlan {
 public:
  explicit SpawnPlan(const fs::path& log) {
    posix_spawn_file_actions_init(&actions_);
    posix_spawnattr_init(&attributes_);
    posix_spawn_file_actions_addopen(&actions_, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&actions_, 1, log.c_str(), O_WRONLY | O_CREAT | O_APPEND,
                                     0600);
    posix_spawn_file_actions_adddup2(&actions_, 1, 2);
    posix_spawn_file_actions_addclosefrom_np(&actions_, 3);
    sigset_t none;
    sigset_t all;
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawnattr_setsigmask(&attributes_, &none);
    posix_spawnattr_setsigdefault(&attributes_, &all);
    posix_spawnattr_setpgroup(&attributes_, 0);
    posix_spawnattr_setflags(
        &attributes_, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  }
  ~SpawnPlan() {
    posix_spawn_file_actions_destroy(&actions_);
    posix_spawnattr_destroy(&attributes_);
  }
  SpawnPlan(const SpawnPlan&) = delete;
  SpawnPlan& operator=(const SpawnPlan&) = delete;

  pid_t run(std::vector<std::string> command, std::vector<std::string> environment) {
    std::vector<char*> arguments = pointers_to(command);
    std::vector<char*> variables = pointers_to(environment);
    pid_t pid = 0;
    int fault = posix_spawn(&pid, arguments[0], &actions_, &attributes_, arguments.data(),
                            variables.data());
    if (fault != 0) {
      throw system_error("cannot start a worker", fault).with(Retry::kSameRequest);
    }
    return pid;
  }

 private:
  // As C wants lists of texts: ended by a null.
  static std::vector<char*> pointers_to(std::vector<std::string>& texts) {
    std::vector<char*> pointers(texts.size() + 1, nullptr);
    std::transform(texts.begin(), texts.end(), pointers.begin(),
                   [](std::string& text) { return text.data(); });
    return pointers;
  }

  posix_spawn_file_actions_t actions_{};
  posix_spawnattr_t attributes_{};
};

std::vector<std::string> environment_of(const Assignment& assignment,
                                        const LocalLauncher::Options& options,
                                        const fs::path& folder) {
  const Claim& claim = assignment.claim;
  std::vector<std::string> variables = {
      "TASK_ID=" + claim.task_id,
      "BATCH_ID=" + claim.batch_id,
      "PI=" + claim.subject,
      "EXPORT_FORMAT=" + claim.kind,
      "EXPORT_OPTIONS=" + claim.options,
      "CALLBACK_URL=" + assignment.callback_url,
      "CALLBACK_TOKEN=" + assignment.token.reveal(),
      "GANTRY_OUTPUT_DIR=" + folder.string(),
      fmt::format("GANTRY_SERVER_PID={}", getpid()),
  };
  for (const auto& [name, value] : options.environment)
    variables.push_back(fmt::format("{}={}", name, value));
  return variables;
}

}  // namespace

struct LocalLauncher::Process {
  Process(const async::any_io_executor& executor, pid_t its_pid, fs::path its_folder)
      : pid(its_pid), folder(std::move(its_folder)), signal(executor), ended(executor) {}

  pid_t pid;
  fs::path folder;
  boost::asio::posix::stream_descriptor signal;  // readable when the process has ended
  async::Event ended;
  std::string how;

  // The group may outlive its leader by what that has started.
  void kill_group() const { ::kill(-pid, SIGKILL); }
  void reap() {
    kill_group();
    int status = 0;
    while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    how = describe(status);
    std::string words = last_words(folder / kLog);
    if (!words.empty()) how += ": " + words;
    ended.set();
  }
};

LocalLauncher::LocalLauncher(async::any_io_executor executor, Options options)
    : executor_(std::move(executor)), options_(std::move(options)) {}

LocalLauncher::~LocalLauncher() {
  for (auto& [machine, process] : processes_) {
    if (process->ended.is_set()) continue;
    process->signal.close();
    process->reap();
  }
}

fs::path LocalLauncher::folder_of(const fs::path& root, const std::string& task_id, int attempt) {
  return root / task_id / std::to_string(attempt);
}

async::awaitable<std::string> LocalLauncher::launch(Assignment assignment) {
  const Claim& claim = assignment.claim;
  fs::path folder = folder_of(options_.folder, claim.task_id, claim.attempt);
  std::error_code fault;
  fs::create_directories(folder, fault);
  if (fault) throw system_error("cannot create " + folder.string(), fault.value());
  SpawnPlan plan(folder / kLog);
  pid_t pid = plan.run(options_.command, environment_of(assignment, options_, folder));
  if (options_.memory_bytes > 0) {
    rlimit memory{options_.memory_bytes, options_.memory_bytes};
    ::prlimit(pid, RLIMIT_DATA, &memory, nullptr);
  }
  auto process = std::make_shared<Process>(executor_, pid, std::move(folder));
  auto descriptor = static_cast<int>(::syscall(SYS_pidfd_open, pid, 0));
  if (descriptor < 0) {
    int number = errno;
    process->reap();
    throw system_error("cannot watch a worker", number).with(Retry::kSameRequest);
  }
  process->signal.assign(descriptor);
  std::string machine = fmt::format("local-{}-{}", ++launched_, pid);
  processes_.emplace(machine, process);
  process->signal.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                             [process](const boost::system::error_code& error) {
                               if (!error) process->reap();
                             });
  co_return machine;
}

async::awaitable<std::string> LocalLauncher::wait(std::string machine) {
  auto known = processes_.find(machine);
  if (known == processes_.end()) co_return "it is not there";
  std::shared_ptr<Process> process = known->second;
  co_await process->ended.wait();
  processes_.erase(machine);
  std::error_code ignored;
  fs::remove_all(process->folder, ignored);
  fs::remove(process->folder.parent_path(), ignored);
  co_return process->how;
}

async::awaitable<std::vector<Attempt>> LocalLauncher::machines() {
  co_return std::vector<Attempt>();
}

async::awaitable<void> LocalLauncher::stop(std::string machine) {
  auto known = processes_.find(machine);
  if (known != processes_.end() && !known->second->ended.is_set()) known->second->kill_group();
  co_return;
}

}  // namespace gantry::service
