#include "gantry/mcp/call.hpp"

#include <utility>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include "gantry/base/hash.hpp"
#include "gantry/httpd/request_guard.hpp"
#include "gantry/mcp/schema.hpp"

namespace gantry::mcp {
namespace {

// How long a client may take to answer.
constexpr std::chrono::hours kStateLifetime{1};
constexpr std::size_t kSignatureLength = 64;

std::string_view capability_of(std::string_view method) {
  if (method == "elicitation/create") return "elicitation";
  if (method == "sampling/createMessage") return "sampling";
  return "roots";
}

std::int64_t seconds_of(async::WallTime time) {
  return std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch()).count();
}

// What a state is good for: the same request and no other.
std::string purpose_of(const Message& message) {
  json::object same = message.params;
  for (const char* name : {"_meta", "inputResponses", "requestState"}) same.erase(name);
  return sha256(message.method + "\n" + json::serialize(same)).hex();
}

bool is_complete(const InputRequest& question, const json::object& answer) {
  if (question.method == "sampling/createMessage") return answer.contains("content");
  if (question.method == "roots/list") return answer.contains("roots");
  const json::string* action = string_in(answer, "action");
  if (action == nullptr) return false;
  if (*action != "accept") return *action == "decline" || *action == "cancel";
  const json::object* content = object_in(answer, "content");
  const json::object* schema = object_in(question.params, "requestedSchema");
  if (schema == nullptr) return true;
  return content != nullptr && find_faults(*content, *schema).empty();
}

}  // namespace

Call::Call(async::any_io_executor executor, std::shared_ptr<Session> session, Peer peer,
           Message message, Send send, const Secret& state_key, async::WallTime now)
    : executor_(std::move(executor)),
      session_(std::move(session)),
      peer_(std::move(peer)),
      message_(std::move(message)),
      send_(std::move(send)),
      state_key_(state_key),
      now_(now) {
  if (!peer_.has_session) read_state();
}

std::string Call::text_param(std::string_view name) const {
  const json::string* text = string_in(params(), name);
  if (text == nullptr || text->empty()) {
    throw RpcError(kInvalidParams, fmt::format("{} wants the text '{}'", message_.method, name));
  }
  return std::string(*text);
}

void Call::progress(double done, double total, std::string_view message) {
  const json::object* meta = object_in(params(), "_meta");
  const json::value* token = meta == nullptr ? nullptr : meta->if_contains("progressToken");
  // It may only grow.
  if (token == nullptr || done <= last_progress_) return;
  last_progress_ = done;
  json::object said{{"progressToken", *token}, {"progress", done}};
  if (total > 0) said["total"] = total;
  if (!message.empty()) said["message"] = message;
  send_(make_notification("notifications/progress", std::move(said)));
}

void Call::log(LogLevel level, json::value data) {
  const std::optional<LogLevel>& wanted =
      peer_.has_session && session_->peer ? session_->peer->log_level : peer_.log_level;
  if (!wanted || level < *wanted) return;
  send_(make_notification(
      "notifications/message",
      {{"level", to_string(level)}, {"logger", "gantry"}, {"data", std::move(data)}}));
}

bool Call::client_can(std::string_view capability) const {
  return object_in(peer_.capabilities, capability) != nullptr;
}

async::awaitable<json::object> Call::ask(InputRequests questions) {
  for (const auto& [key, question] : questions) {
    std::string_view capability = capability_of(question.method);
    if (client_can(capability)) continue;
    json::object wanted{{capability, json::object()}};
    throw RpcError(kMissingCapability,
                   fmt::format("this needs a client that declares '{}'", capability),
                   json::object{{"requiredCapabilities", std::move(wanted)}});
  }
  if (peer_.has_session) co_return co_await ask_in_session(std::move(questions));
  take_answers(questions);
  json::object taken;
  for (const auto& [key, question] : questions) {
    if (!answers_.contains(key)) ask_by_answer(questions);
    taken[key] = answers_.at(key);
  }
  co_return taken;
}

std::string Call::signature_of(std::string_view state) const {
  return hmac_sha256(state_key_.reveal(), state).hex();
}

std::string Call::signed_state() const {
  json::object state{{"for", purpose_of(message_)},
                     {"until", seconds_of(now_ + kStateLifetime)},
                     {"answers", answers_}};
  std::string text = json::serialize(state);
  return signature_of(text) + text;
}

void Call::read_state() {
  const json::value* responses = params().if_contains("inputResponses");
  if (responses != nullptr && !responses->is_object()) {
    throw RpcError(kInvalidParams, "inputResponses is no object");
  }
  const json::value* given = params().if_contains("requestState");
  if (given == nullptr) return;
  std::string_view state = given->is_string() ? std::string_view(given->get_string()) : "";
  std::string_view text = state.substr(std::min(kSignatureLength, state.size()));
  if (!httpd::equal_in_constant_time(state.substr(0, kSignatureLength), signature_of(text))) {
    throw RpcError(kInvalidParams, "requestState is not what this server has sent");
  }
  json::object ours = json::parse(text).as_object();
  if (ours.at("for").as_string() != purpose_of(message_)) {
    throw RpcError(kInvalidParams, "requestState is of another request");
  }
  if (ours.at("until").to_number<std::int64_t>() < seconds_of(now_)) {
    throw RpcError(kInvalidParams, "requestState is too old; call again without it");
  }
  answers_ = std::move(ours.at("answers").get_object());
}

void Call::take_answers(const InputRequests& questions) {
  const json::object* responses = object_in(params(), "inputResponses");
  if (responses == nullptr) return;
  for (const auto& [key, question] : questions) {
    const json::value* answer = responses->if_contains(key);
    if (answer == nullptr) continue;
    if (!answer->is_object()) {
      throw RpcError(kInvalidParams, fmt::format("inputResponses.{} is no object", key));
    }
    if (is_complete(question, answer->get_object())) answers_[key] = *answer;
  }
}

void Call::ask_by_answer(const InputRequests& questions) {
  json::object asked;
  for (const auto& [key, question] : questions) {
    asked[key] = json::object{{"method", question.method}, {"params", question.params}};
  }
  throw InputRequired(std::move(asked), signed_state());
}

async::awaitable<json::object> Call::ask_in_session(InputRequests questions) {
  std::map<std::string, std::shared_ptr<Question>> asked;  // by key
  std::vector<std::string> ids;
  static std::uint64_t last_id = 0;
  for (const auto& [key, question] : questions) {
    std::string id = fmt::format("gantry-{}", ++last_id);
    asked[key] = std::make_shared<Question>(executor_);
    session_->questions[key_of(json::value(id))] = asked[key];
    ids.push_back(key_of(json::value(id)));
    send_(make_request(id, question.method, question.params));
  }
  std::exception_ptr failure;
  try {
    for (const auto& [key, question] : asked) co_await question->answered.wait();
  } catch (...) {
    failure = std::current_exception();
  }
  for (const std::string& id : ids) session_->questions.erase(id);
  if (failure) std::rethrow_exception(failure);
  json::object answers;
  for (const auto& [key, question] : asked) {
    const json::object* result = object_in(question->body, "result");
    if (result == nullptr) {
      const json::object* error = object_in(question->body, "error");
      const json::string* text = error == nullptr ? nullptr : string_in(*error, "message");
      throw Error(ErrorCode::kServer,
                  fmt::format("the client could not be asked: {}",
                              text == nullptr ? "no reason given" : std::string_view(*text)));
    }
    answers[key] = *result;
  }
  co_return answers;
}

}  // namespace gantry::mcp
