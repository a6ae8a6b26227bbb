#include "gantry/httpd/event_stream.hpp"

#include <utility>

#include <fmt/format.h>

#include "gantry/base/error.hpp"

namespace gantry::httpd {
namespace {

void check_field(std::string_view name, std::string_view value) {
  if (value.find_first_of(std::string_view("\r\n\0", 3)) != value.npos) {
    throw Error(ErrorCode::kInternal,
                fmt::format("the {} of an event holds a line break or NUL", name));
  }
}

void append_data(std::string& wire, std::string_view data) {
  for (;;) {
    const auto end = data.find_first_of("\r\n");
    fmt::format_to(std::back_inserter(wire), "data: {}\n", data.substr(0, end));
    if (end == data.npos) return;
    data.remove_prefix(end + (data.substr(end, 2) == "\r\n" ? 2 : 1));
  }
}

}  // namespace

std::string to_wire(const Event& event) {
  check_field("id", event.id);
  check_field("name", event.name);
  std::string wire;
  if (!event.id.empty()) wire += fmt::format("id: {}\n", event.id);
  if (!event.name.empty()) wire += fmt::format("event: {}\n", event.name);
  if (event.retry) wire += fmt::format("retry: {}\n", event.retry->count());
  append_data(wire, event.data);
  wire += "\n";
  return wire;
}

EventStream::EventStream(Server& server, Responder responder, std::function<void()> gone,
                         EventStreamLimits limits)
    : server_(server), responder_(std::move(responder)), limits_(limits), gone_(std::move(gone)) {}

std::shared_ptr<EventStream> EventStream::open(Server& server, Responder responder,
                                               std::function<void()> gone,
                                               EventStreamLimits limits) {
  auto stream =
      std::make_shared<EventStream>(server, std::move(responder), std::move(gone), limits);
  stream->responder_.begin_unsized(200, {{"Content-Type", "text/event-stream"},
                                         {"Cache-Control", "no-store"},
                                         {"X-Content-Type-Options", "nosniff"},
                                         {"X-Accel-Buffering", "no"}});
  stream->responder_.on_gone([weak = stream->weak_from_this()] {
    if (const auto self = weak.lock()) self->leave();
  });
  stream->schedule_heartbeat();
  return stream;
}

bool EventStream::send(std::string_view wire) {
  bool is_too_much = false;
  std::string piece;
  {
    const std::scoped_lock lock(mutex_);
    if (over_ || closing_) return false;
    quiet_ = false;
    is_too_much = waiting_.size() + in_flight_ + wire.size() > limits_.max_waiting_bytes;
    if (!is_too_much) {
      waiting_ += wire;
      if (writing_) return true;
      piece = std::exchange(waiting_, {});
      in_flight_ = piece.size();
      writing_ = true;
    }
  }
  if (is_too_much) {
    responder_.reset();
    server_.schedule({}, [self = shared_from_this()] { self->leave(); });
    return false;
  }
  write(std::move(piece));
  return true;
}

void EventStream::write(std::string piece) {
  responder_.write(std::move(piece),
                   [self = shared_from_this()](bool has_left) { self->written(has_left); });
}

void EventStream::written(bool has_left) {
  if (!has_left) return leave();
  std::string piece;
  {
    const std::scoped_lock lock(mutex_);
    in_flight_ = 0;
    writing_ = false;
    if (over_ || (waiting_.empty() && !closing_)) return;
    if (waiting_.empty()) {
      over_ = true;
    } else {
      piece = std::exchange(waiting_, {});
      in_flight_ = piece.size();
      writing_ = true;
    }
  }
  if (piece.empty()) return responder_.end();
  write(std::move(piece));
}

void EventStream::close() {
  {
    const std::scoped_lock lock(mutex_);
    gone_ = nullptr;
    if (over_ || closing_) return;
    closing_ = true;
    if (writing_) return;  // written() goes on
    over_ = true;
  }
  responder_.end();
}

void EventStream::leave() {
  std::function<void()> gone;
  {
    const std::scoped_lock lock(mutex_);
    over_ = true;
    waiting_ = {};
    gone = std::exchange(gone_, nullptr);
  }
  if (gone) gone();
}

void EventStream::schedule_heartbeat() {
  server_.schedule(limits_.heartbeat, [weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->beat();
  });
}

void EventStream::beat() {
  bool is_quiet = false;
  {
    const std::scoped_lock lock(mutex_);
    if (over_ || closing_) return;
    is_quiet = std::exchange(quiet_, true);
  }
  if (is_quiet) {
    send(":\n\n");
    const std::scoped_lock lock(mutex_);
    quiet_ = true;  // the comment itself does not count
  }
  schedule_heartbeat();
}

}  // namespace gantry::httpd
