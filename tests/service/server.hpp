// A running `gantry serve` with an archive of the sandbox behind it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <boost/json/object.hpp>

#include "testing/http.hpp"
#include "testing/sandbox.hpp"
#include "tests/e2e/workspace.hpp"

namespace gantry::testing {

// The PI of an entity of the sandbox's archive.
std::string pi_of(int number);
// A list of them as JSON, from `first` on.
std::string pis_of(int first, int count);

// A member of an answer.
std::int64_t number_in(const boost::json::object& object, const char* name);

class Server {
 public:
  explicit Server(std::vector<std::string> sandbox_flags = {"--arke-entities", "2000"},
                  std::vector<std::string> flags = {}, Environment environment = {});

  // As after an end of any kind, with the same data and on the same port.
  void start();
  void kill(int signal);
  const ProcessResult& wait() { return process_->wait(); }
  Process& process() { return *process_; }

  const std::string& url() const { return url_; }
  const Workspace& workspace() const { return workspace_; }
  const Sandbox& sandbox() const { return sandbox_; }

  HttpAnswer get(const std::string& path, std::vector<std::string> headers = {}) const;
  HttpAnswer post(const std::string& path, const std::string& body,
                  std::vector<std::string> headers = {}) const;
  HttpAnswer call(HttpCall call) const;

  // The id of a batch of so many exports that was accepted.
  std::string submit(int first, int count) const;
  // Its status once nothing of it goes on; throws after two minutes.
  boost::json::object wait_for(const std::string& batch) const;
  boost::json::object wait_for_task(const std::string& task) const;

 private:
  boost::json::object wait_until_completed(const std::string& path) const;

  Sandbox sandbox_;
  Workspace workspace_;
  std::vector<std::string> flags_;
  Environment environment_;
  std::string listen_ = "127.0.0.1:0";
  std::string url_;
  std::unique_ptr<Process> process_;
};

}  // namespace gantry::testing
