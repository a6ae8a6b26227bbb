// One request while it is worked on: the context of its handler. Io thread.
#pragma once

#include <exception>
#include <memory>
#include <string>

#include "gantry/async/clock.hpp"
#include "gantry/base/secret.hpp"
#include "gantry/mcp/session.hpp"

namespace gantry::mcp {

// Ends a handler whose client must be asked by the answer itself.
class InputRequired : public std::exception {
 public:
  InputRequired(json::object questions, std::string state)
      : questions(std::move(questions)), state(std::move(state)) {}
  const char* what() const noexcept override { return "the client is to be asked"; }

  json::object questions;
  std::string state;
};

class Call final : public Context {
 public:
  // `state_key` signs what goes to the client and back. RpcError for a state that is not ours, not
  // of this request, or too old, and for answers that are no object.
  Call(async::any_io_executor executor, std::shared_ptr<Session> session, Peer peer,
       Message message, Send send, const Secret& state_key, async::WallTime now);

  const json::object& params() const { return message_.params; }
  // kInvalidParams if it is missing or no text.
  std::string text_param(std::string_view name) const;
  const Peer& peer() const { return peer_; }
  Session& session() const { return *session_; }
  const Message& message() const { return message_; }
  const Send& send() const { return send_; }

  void progress(double done, double total, std::string_view message) override;
  void log(LogLevel level, json::value data) override;
  bool client_can(std::string_view capability) const override;
  async::awaitable<json::object> ask(InputRequests questions) override;

 private:
  void read_state();
  std::string signed_state() const;
  std::string signature_of(std::string_view state) const;
  void take_answers(const InputRequests& questions);
  [[noreturn]] void ask_by_answer(const InputRequests& questions);
  async::awaitable<json::object> ask_in_session(InputRequests questions);

  async::any_io_executor executor_;
  std::shared_ptr<Session> session_;
  Peer peer_;
  Message message_;
  Send send_;
  const Secret& state_key_;
  async::WallTime now_;
  json::object answers_;  // of all rounds until now
  double last_progress_ = -1;
};

}  // namespace gantry::mcp
