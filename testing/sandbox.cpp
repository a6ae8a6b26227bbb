#include "testing/sandbox.hpp"

#include <chrono>
#include <csignal>
#include <sstream>
#include <stdexcept>
#include <thread>

#include <boost/json/parse.hpp>

#include "testing/data.hpp"

namespace gantry::testing {

namespace {

Command sandbox_command(std::vector<std::string> flags) {
  flags.insert(flags.begin(), {"--port", "0"});
  return {.program = sandbox_program(),
          .arguments = std::move(flags),
          .time_limit = std::chrono::minutes(15)};
}

std::string announced_url(Process& process) {
  const std::string prefix = "listening on ";
  constexpr auto kPause = std::chrono::milliseconds(5);
  constexpr int kAttempts = 12000;
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    const bool running = process.running();
    std::istringstream lines(process.out());
    for (std::string line; std::getline(lines, line) && !lines.eof();) {
      if (line.starts_with(prefix)) return line.substr(prefix.size());
    }
    if (!running) break;
    // The line is the only sign that the sandbox gives; there is nothing else to wait for.
    std::this_thread::sleep_for(kPause);
  }
  throw std::runtime_error("gantry-sandbox did not start: " + process.err());
}

}  // namespace

Sandbox::Sandbox(std::vector<std::string> flags)
    : process_(sandbox_command(std::move(flags))), base_url_(announced_url(process_)) {}

boost::json::object Sandbox::stats() const {
  const HttpAnswer answer = http_get(base_url_ + "/__sandbox/stats");
  if (answer.status != 200) throw std::runtime_error("the sandbox has no stats");
  return boost::json::parse(answer.body).as_object();
}

std::int64_t Sandbox::count(const std::string& path) const {
  boost::json::value at = stats();
  std::istringstream names(path);
  for (std::string name; std::getline(names, name, '.');) {
    const boost::json::value* next = at.is_object() ? at.as_object().if_contains(name) : nullptr;
    if (next == nullptr) return 0;
    // A copy of its own first: `at` holds what `next` points into.
    boost::json::value inner = *next;
    at = std::move(inner);
  }
  return at.to_number<std::int64_t>();
}

std::size_t Sandbox::icons_of(const std::string& file_key) const {
  const HttpAnswer answer =
      http_get(base_url_ + "/v1/files/" + file_key + "/components", "figd_counting");
  const boost::json::value listing = boost::json::parse(answer.body);
  std::size_t count = 0;
  for (const boost::json::value& component : listing.at("meta").at("components").as_array()) {
    const boost::json::object& frame = component.at("containing_frame").as_object();
    const boost::json::value* name = frame.if_contains("name");
    if (name != nullptr && *name == "Icons") ++count;
  }
  return count;
}

void Sandbox::reset() {
  if (http_call({.method = "POST", .url = base_url_ + "/__sandbox/reset"}).status != 200) {
    throw std::runtime_error("the sandbox cannot be reset");
  }
}

const ProcessResult& Sandbox::stop() {
  process_.kill(SIGTERM);
  return process_.wait();
}

}  // namespace gantry::testing
