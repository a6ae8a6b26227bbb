// The simulated Machines API of Fly over HTTP, with its limits of calls.
#pragma once

#include <cstdint>
#include <fstream>
#include <map>
#include <mutex>
#include <optional>
#include <string>

#include "gantry/httpd/message.hpp"

#include "apps/sandbox/fly_machines.hpp"
#include "apps/sandbox/limits.hpp"

namespace gantry::sandbox {

// "/v1/apps/APP/machines[/ID[/ACTION]]"
struct FlyCall {
  std::string app;
  std::string id;
  std::string action;  // "wait", "stop"
};

std::optional<FlyCall> find_fly_call(const httpd::Request& request);

// Any thread.
class FlyApi {
 public:
  // kIo if the transcript cannot be written.
  explicit FlyApi(const FlyOptions& options);

  struct Answer {
    httpd::Response response;
    bool is_lost = false;  // what was asked for has happened, and nobody is told
  };
  Answer answer(const FlyCall& call, const httpd::Request& request);

  // How long a call waits for a state of its machine; nothing for one that is refused or does not
  // wait, whose answer is answer().
  std::optional<std::chrono::seconds> patience(const FlyCall& call, const httpd::Request& request);
  // 200 if the machine is in the state; nothing while it is not; 408 if `is_late`.
  std::optional<httpd::Response> look(const FlyCall& call, const httpd::Request& request,
                                      bool is_late);

  // What GET /__sandbox/fly answers: the counts of FlyMachines, "refused" by the limit and "lost".
  std::string stats_json();

 private:
  struct Bucket {
    double tokens = 0;
    Clock::time_point at;
  };

  std::optional<httpd::Response> refuse(const FlyCall& call, const httpd::Request& request);
  bool admit(const FlyCall& call, const std::string& method);
  httpd::Response create(const FlyCall& call, const httpd::Request& request);
  httpd::Response list(const FlyCall& call, const httpd::Request& request);
  httpd::Response act(const FlyCall& call, const httpd::Request& request);
  void write(const httpd::Request& request, const httpd::Response& response);

  const FlyOptions options_;
  FlyMachines machines_;
  std::mutex mutex_;
  std::map<std::string, Bucket> buckets_;
  std::ofstream transcript_;
  std::uint64_t creations_ = 0;
  std::uint64_t refused_ = 0;
  std::uint64_t lost_ = 0;
};

}  // namespace gantry::sandbox
