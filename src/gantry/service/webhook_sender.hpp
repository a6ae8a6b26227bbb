// Tells webhooks what they are to be told, for as long as it takes within a day, at least once:
// what has arrived and could not be noted is sent again, with the same id and the same body.
//
// Of one batch one event is on its way at a time, so that a slow receiver holds up its own only.
// Io thread.
#pragma once

#include <map>
#include <set>
#include <string>

#include "gantry/async/clock.hpp"
#include "gantry/async/event.hpp"
#include "gantry/async/task_scope.hpp"
#include "gantry/net/transport.hpp"
#include "gantry/service/access.hpp"
#include "gantry/service/task_store.hpp"

namespace gantry::service {

class WebhookSender {
 public:
  // `transport` judges where requests go and follows no redirect. `secrets` sign, by owner of the
  // batch. All else outlives it.
  WebhookSender(async::any_io_executor executor, async::Clock& clock, TaskStore& store,
                const Access& access, net::Transport& transport,
                std::map<std::string, Secret> secrets);

  // Until the task is cancelled; what is on its way then is sent again by the next server.
  async::awaitable<void> run();

 private:
  async::awaitable<void> send_due();
  async::awaitable<void> wait();
  async::awaitable<void> deliver(Notice notice);
  async::awaitable<void> try_once(Notice notice);
  net::HttpRequest request_of(const Notice& notice) const;

  async::Clock& clock_;
  TaskStore& store_;
  const Access& access_;
  net::Transport& transport_;
  std::map<std::string, Secret> secrets_;
  async::TaskScope deliveries_;
  async::Event woken_;
  std::set<std::int64_t> busy_;  // batches with an event on its way
};

}  // namespace gantry::service
