// A running gantry-sandbox: the remote APIs on a loopback port, with the flags of the program.
//
//   Sandbox sandbox({"--icons", "20", "--fault-5xx", "10", "--seed", "7"});
//   run gantry against sandbox.base_url(); then look at sandbox.stats()
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <boost/json/value.hpp>

#include "testing/http.hpp"
#include "testing/process.hpp"

namespace gantry::testing {

class Sandbox {
 public:
  // Returns when it listens, on a free port; throws with its messages if it does not.
  explicit Sandbox(std::vector<std::string> flags);

  // "http://127.0.0.1:PORT"
  const std::string& base_url() const { return base_url_; }
  // What it has counted since its start.
  boost::json::object stats() const;
  // A count of stats() by its path, "api.by_status.429"; 0 where there is none.
  std::int64_t count(const std::string& path) const;
  // How many published components of a file stand in the frame "Icons".
  std::size_t icons_of(const std::string& file_key) const;
  // Forgets what it has counted, and starts limits and faults anew.
  void reset();
  // Ends it and returns how it ended.
  const ProcessResult& stop();

 private:
  Process process_;
  std::string base_url_;
};

}  // namespace gantry::testing
