// What a server knows of one client. Io thread.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include <boost/asio/cancellation_signal.hpp>

#include "gantry/async/event.hpp"
#include "gantry/mcp/catalogue.hpp"

namespace gantry::mcp {

// Takes a message to the client; one that has gone gets nothing.
using Send = std::function<void(const json::object& message)>;

// How a client wants to be spoken to: said once by `initialize`, or in each request since
// 2026-07-28.
struct Peer {
  std::string version;
  bool has_session = true;
  json::object capabilities;
  std::optional<LogLevel> log_level = LogLevel::kInfo;  // nothing: no logs
};

// Wants to be told of changes.
struct Listener {
  bool tools = false;
  bool prompts = false;
  bool resources = false;
  std::set<std::string> uris;
  Send send;
  json::value subscription;  // null: by a session
};

// What a client has been asked and has not answered yet.
struct Question {
  explicit Question(const async::any_io_executor& executor) : answered(executor) {}
  async::Event answered;
  json::object body;  // `result` or `error`
};

struct Session {
  // Empty until `initialize`. Only clients of revisions with sessions have it.
  std::optional<Peer> peer;
  // For what belongs to no request.
  Send send;
  std::shared_ptr<Listener> listener;
  std::map<std::string, std::shared_ptr<Question>> questions;  // by id
  struct Running {
    std::weak_ptr<boost::asio::cancellation_signal> signal;
    bool is_cancelled = false;
  };
  std::map<std::string, std::shared_ptr<Running>> running;  // by id
};

}  // namespace gantry::mcp
