// The changes of tasks for those who listen: server-sent events and WebSocket, with the same ids,
// so that whoever comes back goes on where it stopped. Io thread.
#pragma once

#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <string>

#include "gantry/async/clock.hpp"
#include "gantry/httpd/event_stream.hpp"
#include "gantry/httpd/web_socket.hpp"
#include "gantry/service/task_store.hpp"

namespace gantry::service {

class Events {
 public:
  // All outlive it.
  Events(async::any_io_executor executor, async::Clock& clock, TaskStore& store,
         httpd::Server& server);

  // Sends what happens after the event that "Last-Event-ID" (or the parameter `last_event_id`)
  // names, or from now on. `batch_id`: of one batch; empty: of all. kNotFound, kUsage.
  async::awaitable<void> stream(std::string batch_id, httpd::Request request,
                                httpd::Responder responder);
  // The same as messages {"id": ..., "event": ..., "data": {...}}.
  async::awaitable<void> web_socket(std::string batch_id, httpd::Request request,
                                    httpd::Responder responder);

  // Serves the listeners until the task is cancelled, and then ends their streams.
  async::awaitable<void> run();

 private:
  struct Listener {
    std::string batch_id;
    std::int64_t position = 0;  // the last event that it has
    // False when it has gone.
    std::function<bool(const TaskEvent&, const std::string& data)> send;
    std::function<void()> close;
    bool has_gone = false;
  };

  async::awaitable<std::int64_t> start_of(std::string batch_id, httpd::Request request);
  void add(std::shared_ptr<Listener> listener);
  // What is to be called on another thread when the peer of a listener has gone.
  std::function<void()> when_gone(const std::shared_ptr<Listener>& listener);
  async::awaitable<void> serve(std::shared_ptr<Listener> listener);
  async::awaitable<std::string> data_of(TaskEvent event);

  async::any_io_executor executor_;
  async::Clock& clock_;
  TaskStore& store_;
  httpd::Server& server_;
  std::list<std::shared_ptr<Listener>> listeners_;
};

}  // namespace gantry::service
