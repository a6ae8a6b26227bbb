#include "tests/service/server.hpp"

#include <chrono>
#include <stdexcept>
#include <thread>

#include <boost/json/parse.hpp>
#include <fmt/format.h>

namespace gantry::testing {

namespace json = boost::json;
using namespace std::chrono_literals;

std::string pi_of(int number) { return fmt::format("01JZSANDB0X{:015}", number); }

std::string pis_of(int first, int count) {
  std::string list = "[";
  for (int i = 0; i < count; ++i) {
    list += fmt::format("{}\"{}\"", i == 0 ? "" : ",", pi_of(first + i));
  }
  return list + "]";
}

std::int64_t number_in(const boost::json::object& object, const char* name) {
  return object.at(name).to_number<std::int64_t>();
}

Server::Server(std::vector<std::string> sandbox_flags, std::vector<std::string> flags,
               Environment environment)
    : sandbox_(std::move(sandbox_flags)),
      workspace_(sandbox_.base_url()),
      flags_(std::move(flags)),
      environment_(std::move(environment)) {
  start();
}

void Server::start() {
  std::vector<std::string> arguments = {"serve", "--listen", listen_, "--data", "data"};
  arguments.insert(arguments.end(), flags_.begin(), flags_.end());
  const std::string& archive = sandbox_.base_url();
  Environment environment = environment_;
  for (const char* name :
       {"ARKE_API_URL", "ARKE_GATEWAY_URL", "ARKE_GRAPH_URL", "FLY_API_HOSTNAME"}) {
    environment.emplace(name, archive);
  }
  Command command = workspace_.command(std::move(arguments), environment);
  command.time_limit = 10min;
  process_ = std::make_unique<Process>(command);
  const std::string mark = "listens on http://";
  for (int look = 0; look < 6000 && process_->running(); ++look) {
    const std::string text = process_->err();
    const std::size_t begin = text.find(mark);
    if (begin != std::string::npos && text.find('\n', begin) != std::string::npos) {
      const std::size_t end = text.find('/', begin + mark.size());
      listen_ = text.substr(begin + mark.size(), end - begin - mark.size());
      url_ = "http://" + listen_;
      return;
    }
    std::this_thread::sleep_for(5ms);
  }
  throw std::runtime_error("gantry serve did not start: " + process_->err());
}

void Server::kill(int signal) {
  process_->kill(signal);
  process_->wait();
}

HttpAnswer Server::call(HttpCall call) const {
  call.url = url_ + call.url;
  return http_call(call);
}

HttpAnswer Server::get(const std::string& path, std::vector<std::string> headers) const {
  return call({.url = path, .headers = std::move(headers)});
}

HttpAnswer Server::post(const std::string& path, const std::string& body,
                        std::vector<std::string> headers) const {
  headers.emplace_back("Content-Type: application/json");
  return call({.method = "POST", .url = path, .headers = std::move(headers), .body = body});
}

std::string Server::submit(int first, int count) const {
  const HttpAnswer answer =
      post("/export/mods/batch", fmt::format("{{\"pis\":{}}}", pis_of(first, count)));
  if (answer.status != 202) throw std::runtime_error("not accepted: " + answer.body);
  return std::string(json::parse(answer.body).at("batch_id").as_string());
}

json::object Server::wait_for(const std::string& batch) const {
  return wait_until_completed("/status/batch/" + batch);
}

json::object Server::wait_for_task(const std::string& task) const {
  return wait_until_completed("/status/" + task);
}

json::object Server::wait_until_completed(const std::string& path) const {
  for (int look = 0; look < 1200; ++look) {
    const HttpAnswer answer = get(path);
    if (answer.status != 200) throw std::runtime_error("no status: " + answer.body);
    json::object status = json::parse(answer.body).as_object();
    if (status.contains("completed_at")) return status;
    std::this_thread::sleep_for(100ms);
  }
  throw std::runtime_error(path + " does not end");
}

}  // namespace gantry::testing
