#include "testing/process.hpp"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <system_error>

#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

extern char** environ;

// The header of glibc 2.36 forgets to say extern "C".
extern "C" {
#include <sys/pidfd.h>
}

namespace gantry::testing {

namespace {

using std::chrono::duration_cast;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

#ifdef GANTRY_SANITIZED
constexpr int kSlowness = 5;
#else
constexpr int kSlowness = 1;
#endif

int checked(int value, const char* what) {
  if (value < 0) throw std::system_error(errno, std::generic_category(), what);
  return value;
}

std::vector<std::string> changed_environment(
    const std::map<std::string, std::optional<std::string>>& changes) {
  std::vector<std::string> result;
  for (char** variable = environ; *variable != nullptr; ++variable) {
    const std::string text = *variable;
    if (!changes.contains(text.substr(0, text.find('=')))) result.push_back(text);
  }
  for (const auto& [name, value] : changes) {
    if (value) result.push_back(name + "=" + *value);
  }
  return result;
}

std::vector<char*> pointers_to(std::vector<std::string>& texts) {
  std::vector<char*> result;
  result.reserve(texts.size() + 1);
  for (std::string& text : texts) result.push_back(text.data());
  result.push_back(nullptr);
  return result;
}

std::string content_of(int descriptor) {
  struct stat status {};
  checked(fstat(descriptor, &status), "fstat");
  std::string text(static_cast<std::size_t>(status.st_size), '\0');
  const ssize_t count =
      checked(static_cast<int>(pread(descriptor, text.data(), text.size(), 0)), "pread");
  text.resize(static_cast<std::size_t>(count));
  return text;
}

milliseconds to_milliseconds(const timeval& time) {
  return std::chrono::seconds(time.tv_sec) +
         duration_cast<milliseconds>(std::chrono::microseconds(time.tv_usec));
}

// Runs in the child between fork and exec: only what is safe in a signal handler.
[[noreturn]] void become(const char* program, char** arguments, char** environment,
                         const char* folder, int out, int err) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  const int in = open("/dev/null", O_RDONLY);
  dup2(in, STDIN_FILENO);
  dup2(out, STDOUT_FILENO);
  dup2(err, STDERR_FILENO);
  if (folder[0] != '\0' && chdir(folder) != 0) _exit(126);
  execvpe(program, arguments, environment);
  _exit(127);
}

}  // namespace

Process::Process(const Command& command)
    : start_(steady_clock::now()), time_limit_(command.time_limit * kSlowness) {
  out_ = checked(memfd_create("out", MFD_CLOEXEC), "memfd_create");
  err_ = checked(memfd_create("err", MFD_CLOEXEC), "memfd_create");
  std::vector<std::string> words = {command.program.string()};
  words.insert(words.end(), command.arguments.begin(), command.arguments.end());
  std::vector<std::string> variables = changed_environment(command.environment);
  const std::vector<char*> arguments = pointers_to(words);
  const std::vector<char*> environment = pointers_to(variables);

  id_ = checked(fork(), "fork");
  if (id_ == 0) {
    become(command.program.c_str(), const_cast<char**>(arguments.data()),
           const_cast<char**>(environment.data()), command.working_folder.c_str(), out_, err_);
  }
  handle_ = checked(pidfd_open(id_, 0), "pidfd_open");
}

Process::~Process() {
  if (!result_) {
    kill(SIGKILL);
    reap();
  }
  close(handle_);
  close(out_);
  close(err_);
}

void Process::kill(int signal) {
  if (!result_) ::kill(id_, signal);
}

bool Process::running() { return !result_ && !ended_within(milliseconds(0)); }

std::string Process::out() const { return content_of(out_); }
std::string Process::err() const { return content_of(err_); }

bool Process::ended_within(milliseconds time) const {
  pollfd watched = {.fd = handle_, .events = POLLIN, .revents = 0};
  const steady_clock::time_point end = steady_clock::now() + time;
  for (;;) {
    const auto left = duration_cast<milliseconds>(end - steady_clock::now());
    const int ready = poll(&watched, 1, static_cast<int>(std::max(left, milliseconds(0)).count()));
    if (ready >= 0 || errno != EINTR) return ready > 0;
  }
}

const ProcessResult& Process::wait() {
  if (result_) return *result_;
  const auto spent = duration_cast<milliseconds>(steady_clock::now() - start_);
  const bool ended = ended_within(std::max(time_limit_ - spent, milliseconds(0)));
  if (!ended) kill(SIGKILL);
  ProcessResult result = reap();
  result.timed_out = !ended;
  return result_.emplace(std::move(result));
}

ProcessResult Process::reap() const {
  int status = 0;
  rusage usage{};
  checked(wait4(id_, &status, 0, &usage), "wait4");
  ProcessResult result;
  result.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  result.signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
  result.out = out();
  result.err = err();
  result.wall = duration_cast<milliseconds>(steady_clock::now() - start_);
  result.cpu = to_milliseconds(usage.ru_utime) + to_milliseconds(usage.ru_stime);
  result.peak_memory = static_cast<std::uint64_t>(usage.ru_maxrss) * 1024;
  return result;
}

ProcessResult run(const Command& command) { return Process(command).wait(); }

}  // namespace gantry::testing
