// Finds how many downloads at a time a server takes best, and remembers it by host for the next
// run. Io thread.
#pragma once

#include <map>
#include <string>

#include "gantry/async/clock.hpp"
#include "gantry/async/task_scope.hpp"
#include "gantry/net/client.hpp"
#include "gantry/net/concurrency_controller.hpp"
#include "gantry/store/store.hpp"

namespace gantry::jobs {

class DownloadPace final : public net::AttemptObserver {
 public:
  using Options = net::ConcurrencyController::Options;

  // Sets the pool of the queue, now and whenever it learns more. `store` may be null. All that is
  // given outlives it, and the tasks of `scope` do not.
  DownloadPace(net::AdmissionQueue& queue, std::string pool, async::Clock& clock,
               async::TaskScope& scope, store::Store* store, Options options);

  void attempt_ended(const net::TicketRequest& ticket, async::Duration took, bool failed) override;
  int limit() const { return controller_.limit(); }
  // Puts what was found into the store. At the end of a run.
  async::awaitable<void> keep();

 private:
  async::awaitable<void> recall(std::string host);
  void apply();

  net::AdmissionQueue& queue_;
  std::string pool_;
  async::Clock& clock_;
  async::TaskScope& scope_;
  store::Store* store_;
  net::ConcurrencyController controller_;
  std::map<std::string, int> answers_;  // by host
};

}  // namespace gantry::jobs
