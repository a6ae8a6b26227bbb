#include "gantry/service/events.hpp"

#include <algorithm>
#include <charconv>

#include <boost/asio/post.hpp>
#include <boost/json/serialize.hpp>

#include "gantry/service/api_json.hpp"

namespace gantry::service {
namespace {

constexpr std::chrono::milliseconds kPollEvery{100};
constexpr std::size_t kEventPage = 500;

std::string name_of(const TaskEvent& event) { return event.task_id.empty() ? "batch" : "task"; }

}  // namespace

Events::Events(async::any_io_executor executor, async::Clock& clock, TaskStore& store,
               httpd::Server& server)
    : executor_(std::move(executor)), clock_(clock), store_(store), server_(server) {}

async::awaitable<std::int64_t> Events::start_of(std::string batch_id, httpd::Request request) {
  auto last = [batch_id](TaskReader& reader) {
    if (!batch_id.empty() && !reader.batch(batch_id)) {
      throw Error(ErrorCode::kNotFound, "there is no such batch");
    }
    return reader.last_event();
  };
  std::int64_t newest = co_await store_.ask(std::move(last));
  std::optional<std::string_view> text = request.header("Last-Event-ID");
  if (!text) text = request.query_value("last_event_id");
  if (!text || text->empty()) co_return newest;
  std::int64_t position = -1;
  auto [stop, fault] = std::from_chars(text->data(), text->data() + text->size(), position);
  if (fault != std::errc() || stop != text->data() + text->size() || position < 0) {
    throw Error(ErrorCode::kUsage, "Last-Event-ID is not the id of an event");
  }
  co_return std::min(position, newest);
}

std::function<void()> Events::when_gone(const std::shared_ptr<Listener>& listener) {
  std::weak_ptr<Listener> weak = listener;
  return [executor = executor_, weak] {
    boost::asio::post(executor, [weak] {
      if (auto alive = weak.lock()) alive->has_gone = true;
    });
  };
}

void Events::add(std::shared_ptr<Listener> listener) { listeners_.push_back(std::move(listener)); }

async::awaitable<void> Events::stream(std::string batch_id, httpd::Request request,
                                      httpd::Responder responder) {
  auto listener = std::make_shared<Listener>();
  listener->position = co_await start_of(batch_id, request);
  listener->batch_id = std::move(batch_id);
  std::shared_ptr<httpd::EventStream> stream =
      httpd::EventStream::open(server_, std::move(responder), when_gone(listener));
  listener->send = [stream](const TaskEvent& event, const std::string& data) {
    return stream->send(httpd::to_wire(
        {.id = std::to_string(event.id), .name = name_of(event), .data = data, .retry = {}}));
  };
  listener->close = [stream] { stream->close(); };
  add(std::move(listener));
}

async::awaitable<void> Events::web_socket(std::string batch_id, httpd::Request request,
                                          httpd::Responder responder) {
  auto listener = std::make_shared<Listener>();
  listener->position = co_await start_of(batch_id, request);
  listener->batch_id = std::move(batch_id);
  if (!httpd::wants_web_socket(request)) {
    httpd::Problem problem{.status = 426, .detail = "this address speaks WebSocket only"};
    problem.headers.emplace_back("Upgrade", "websocket");
    responder.send(httpd::to_response(problem));
    co_return;
  }
  httpd::WebSocketEvents events{.text = {}, .gone = when_gone(listener)};
  auto socket = std::make_shared<httpd::WebSocket>(
      httpd::WebSocket::accept(request, std::move(responder), std::move(events)));
  listener->send = [socket](const TaskEvent& event, const std::string& data) {
    return socket->send("{\"id\":\"" + std::to_string(event.id) + "\",\"event\":\"" +
                        name_of(event) + "\",\"data\":" + data + "}");
  };
  listener->close = [socket] { socket->close(); };
  add(std::move(listener));
}

async::awaitable<std::string> Events::data_of(TaskEvent event) {
  auto question = [id = event.batch_id](TaskReader& reader) { return reader.batch(id); };
  std::optional<Batch> batch = co_await store_.ask(std::move(question));
  std::optional<TaskCounts> counts;
  if (batch) counts = batch->counts;
  co_return boost::json::serialize(event_value(event, counts));
}

async::awaitable<void> Events::serve(std::shared_ptr<Listener> listener) {
  while (!listener->has_gone) {
    auto question = [listener](TaskReader& reader) {
      return reader.events_after(listener->position, listener->batch_id, kEventPage);
    };
    std::vector<TaskEvent> events = co_await store_.ask(std::move(question));
    for (const TaskEvent& event : events) {
      std::string data = co_await data_of(event);
      if (!listener->send(event, data)) listener->has_gone = true;
      listener->position = event.id;
    }
    if (events.size() < kEventPage) co_return;
  }
}

async::awaitable<void> Events::run() {
  std::exception_ptr failure;
  try {
    while (true) {
      co_await clock_.sleep(kPollEvery);
      if (listeners_.empty()) continue;
      std::int64_t last =
          co_await store_.ask([](TaskReader& reader) { return reader.last_event(); });
      // Serving takes time, in which others come and go.
      std::vector<std::shared_ptr<Listener>> all(listeners_.begin(), listeners_.end());
      for (const std::shared_ptr<Listener>& listener : all) {
        if (listener->position < last) co_await serve(listener);
      }
      listeners_.remove_if([](const auto& listener) { return listener->has_gone; });
    }
  } catch (...) {
    failure = std::current_exception();
  }
  for (const std::shared_ptr<Listener>& listener : listeners_) listener->close();
  listeners_.clear();
  std::rethrow_exception(failure);
}

}  // namespace gantry::service
