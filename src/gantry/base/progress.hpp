// Progress as events: the library reports, the command line renders.
#pragma once

#include <cstdint>
#include <string>

namespace gantry {

// Called on the io thread. Implementations return at once and do not throw.
class ProgressSink {
 public:
  virtual ~ProgressSink() = default;

  virtual void job_started(const std::string& /*job*/) {}
  // `phase` is one of "listing", "waiting" (for its turn), "downloading", "writing".
  virtual void job_advanced(const std::string& /*job*/, const std::string& /*phase*/,
                            std::uint64_t /*done*/, std::uint64_t /*total*/) {}
  // `outcome`: "500 icons", or the first line of what went wrong.
  virtual void job_finished(const std::string& /*job*/, bool /*succeeded*/,
                            const std::string& /*outcome*/) {}
  virtual void warning(const std::string& /*job*/, const std::string& /*text*/) {}
  // Something a curious user wants (-v): a retry, a pause, a request.
  virtual void note(const std::string& /*text*/) {}
};

}  // namespace gantry
