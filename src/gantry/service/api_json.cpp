#include "gantry/service/api_json.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <unordered_map>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include "gantry/net/http.hpp"
#include "gantry/service/design_request.hpp"
#include "gantry/service/fair_share.hpp"

namespace gantry::service {
namespace {

namespace json = boost::json;

constexpr std::size_t kMostFaults = 100;
constexpr std::size_t kLongestError = 2000;
constexpr std::size_t kLongestName = 60;    // of a configuration
constexpr std::size_t kMostConfigs = 1000;  // each is read with its schema
constexpr std::array kMetrics = {"total_time_ms", "entities_exported", "entities_failed",
                                 "entities_incomplete", "peak_memory_mb"};

// Of the faults of a body, those that there is room for.
class Faults {
 public:
  void add(std::string pointer, std::string detail) {
    ++count_;
    if (list_.size() < kMostFaults) list_.push_back({std::move(pointer), std::move(detail)});
  }
  bool empty() const { return count_ == 0; }
  httpd::Problem problem() const {
    httpd::Problem problem;
    const httpd::BodyFault& first = list_.front();
    problem.detail = first.pointer.empty() ? first.detail : first.pointer + " " + first.detail;
    if (count_ > 1) problem.detail += fmt::format(", and {} more", count_ - 1);
    problem.errors = list_;
    return problem;
  }

 private:
  std::vector<httpd::BodyFault> list_;
  std::size_t count_ = 0;
};

OrProblem<json::object> parse_object(std::string_view body) {
  json::parse_options options;
  options.max_depth = 32;
  json::error_code fault;
  json::value value = json::parse(body, fault, {}, options);
  Faults faults;
  if (fault) {
    faults.add("", "the body is not JSON: " + fault.message());
  } else if (!value.is_object()) {
    faults.add("", "the body is not a JSON object");
  }
  if (!faults.empty()) return tl::unexpected(faults.problem());
  return std::move(value.get_object());
}

void check_keys(const json::object& body, std::initializer_list<std::string_view> known,
                Faults& faults, const std::string& pointer = "") {
  for (const auto& member : body) {
    std::string_view key(member.key());
    if (std::find(known.begin(), known.end(), key) == known.end()) {
      faults.add(pointer + "/" + escaped_for_pointer(key), "is not known here");
    }
  }
}

// The text of a subject, or nothing with a fault.
std::optional<std::string> subject_of(const json::value& value, const std::string& pointer,
                                      Faults& faults) {
  if (!value.is_string() || !is_persistent_identifier(value.get_string())) {
    faults.add(pointer, "is not a PI: 26 characters of 0-9 and A-Z");
    return std::nullopt;
  }
  return std::string(value.get_string());
}

std::vector<std::string> subjects_of(const json::object& body, std::size_t max_tasks,
                                     Faults& faults) {
  std::vector<std::string> subjects;
  const json::value* list = body.if_contains("pis");
  if (list == nullptr || !list->is_array()) {
    faults.add("/pis", list == nullptr ? "is missing: a list of PIs" : "is not a list");
    return subjects;
  }
  const json::array& pis = list->get_array();
  if (pis.empty()) faults.add("/pis", "is empty");
  if (pis.size() > max_tasks) {
    faults.add("/pis",
               fmt::format("has {} PIs; at most {} go into one batch", pis.size(), max_tasks));
    return subjects;
  }
  std::unordered_map<std::string, std::size_t> seen;
  for (std::size_t i = 0; i < pis.size(); ++i) {
    std::string pointer = fmt::format("/pis/{}", i);
    std::optional<std::string> subject = subject_of(pis[i], pointer, faults);
    if (!subject) continue;
    auto [earlier, is_new] = seen.emplace(*subject, i);
    if (!is_new) {
      faults.add(pointer, fmt::format("is the same PI as /pis/{}", earlier->second));
      continue;
    }
    subjects.push_back(*std::move(subject));
  }
  return subjects;
}

std::optional<WebhookEvent> webhook_event_of(const json::value& value) {
  for (WebhookEvent event : {WebhookEvent::kTaskEnded, WebhookEvent::kBatchEnded}) {
    if (value.is_string() && std::string_view(value.get_string()) == to_string(event)) return event;
  }
  return std::nullopt;
}

void read_webhook_events(const json::value& list, bool is_batch, Webhook& webhook, Faults& faults) {
  if (!list.is_array() || list.get_array().empty()) {
    return faults.add("/webhook/events", "is not a list of events");
  }
  for (std::size_t i = 0; i < list.get_array().size(); ++i) {
    std::optional<WebhookEvent> event = webhook_event_of(list.get_array()[i]);
    std::string pointer = fmt::format("/webhook/events/{}", i);
    if (!event) {
      faults.add(pointer, "is neither \"task.ended\" nor \"batch.ended\"");
    } else if (!is_batch && *event == WebhookEvent::kBatchEnded) {
      faults.add(pointer, "is not for a single export, which has \"task.ended\" only");
    } else {
      webhook.add(*event);
    }
  }
}

void read_webhook_url(const json::value* value, const Submitter& submitter, Webhook& webhook,
                      Faults& faults) {
  constexpr const char* kPointer = "/webhook/url";
  if (value == nullptr || !value->is_string())
    return faults.add(kPointer, "is missing: an address");
  webhook.url = value->get_string();
  try {
    check_webhook_url(webhook.url);
    if (submitter.access.may_notify(submitter.owner, webhook.url)) return;
  } catch (const Error& error) {
    return faults.add(kPointer, "is refused: " + error.message());
  }
  faults.add(kPointer, submitter.access.is_open()
                           ? "is not on this machine; a server with --api-keys allows more"
                           : "is not among the webhooks that the line of this API key allows");
}

// {"url": "...", "events": [...]}
void read_webhook(const json::object& body, bool is_batch, const Submitter& submitter,
                  NewBatch& batch, Faults& faults) {
  const json::value* value = body.if_contains("webhook");
  if (value == nullptr) return;
  if (!value->is_object()) return faults.add("/webhook", "is not an object with a url");
  const json::object& object = value->get_object();
  for (const auto& member : object) {
    std::string_view key(member.key());
    if (key != "url" && key != "events")
      faults.add("/webhook/" + escaped_for_pointer(key), "is not known here");
  }
  Webhook& webhook = batch.webhook.emplace();
  read_webhook_url(object.if_contains("url"), submitter, webhook, faults);
  if (const json::value* events = object.if_contains("events")) {
    read_webhook_events(*events, is_batch, webhook, faults);
  } else {
    webhook.add(is_batch ? WebhookEvent::kBatchEnded : WebhookEvent::kTaskEnded);
  }
}

void read_priority(const json::object& body, NewBatch& batch, Faults& faults) {
  const json::value* priority = body.if_contains("priority");
  if (priority == nullptr) return;
  json::error_code fault;
  int number = priority->to_number<int>(fault);
  if (fault || number < kLowestPriority || number > kHighestPriority) {
    faults.add("/priority", fmt::format("is not a whole number from {} to {}", kLowestPriority,
                                        kHighestPriority));
  }
  batch.priority = number;
}

// How clients call what a task exports.
std::string_view subject_key(std::string_view kind) { return kind == kDesign ? "name" : "pi"; }

std::string text_of(const json::object& body, std::string_view key) {
  const json::value* value = body.if_contains(key);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : "";
}

void check_id(const json::object& body, std::string_view key, std::string_view expected,
              Faults& faults) {
  const json::value* value = body.if_contains(key);
  if (value == nullptr) return;
  if (!value->is_string() || std::string_view(value->get_string()) != expected) {
    faults.add("/" + std::string(key), "is not that of the address");
  }
}

// The numbers that are known, as the worker gave them; everything else is left out.
std::string metrics_of(const json::object& body) {
  const json::value* given = body.if_contains("metrics");
  if (given == nullptr || !given->is_object()) return "";
  json::object kept;
  for (const char* name : kMetrics) {
    const json::value* value = given->get_object().if_contains(name);
    if (value != nullptr && value->is_number()) kept[name] = *value;
  }
  return kept.empty() ? "" : json::serialize(kept);
}

bool is_file_name(std::string_view text) {
  std::size_t dot = text.find('.');
  return dot != std::string_view::npos && is_id(text.substr(0, dot)) &&
         is_id(text.substr(dot + 1)) && text.size() <= 80;
}

void read_success(const json::object& body, Callback& callback, Faults& faults) {
  callback.kind = Callback::Kind::kSuccess;
  callback.file_name = text_of(body, "output_file_name");
  if (!is_file_name(callback.file_name)) {
    faults.add("/output_file_name", "is not a plain file name such as \"PI.xml\"");
  }
  const json::value* size = body.if_contains("output_file_size");
  if (size == nullptr) return;
  json::error_code fault;
  auto bytes = size->to_number<std::uint64_t>(fault);
  if (fault) {
    faults.add("/output_file_size", "is not a number of bytes");
  } else {
    callback.file_size = bytes;
  }
}

void read_failure(const json::object& body, Callback& callback, Faults& faults) {
  callback.kind = Callback::Kind::kFailure;
  callback.error = text_of(body, "error").substr(0, kLongestError);
  callback.error_code = text_of(body, "error_code");
  if (callback.error.empty()) faults.add("/error", "is missing: a text that says what failed");
  if (callback.error_code.empty()) callback.error_code = "failed";
  if (!is_id(callback.error_code)) faults.add("/error_code", "is not a plain word");
  const json::value* again = body.if_contains("retryable");
  callback.may_be_tried_again = again != nullptr && again->is_bool() && again->get_bool();
}

// {"name": "web", "config": {...}}
void read_design(const json::object& entry, const std::string& pointer, const Submitter& submitter,
                 NewBatch& batch, Faults& faults) {
  std::string name = text_of(entry, "name");
  if (!is_id(name) || name.size() > kLongestName) {
    faults.add(pointer + "/name",
               fmt::format("is not a name: 1 to {} letters, digits, '_' and '-'", kLongestName));
  }
  auto earlier = std::find(batch.subjects.begin(), batch.subjects.end(), name);
  if (earlier != batch.subjects.end()) {
    faults.add(pointer + "/name", fmt::format("is the same name as /configs/{}/name",
                                              earlier - batch.subjects.begin()));
  }
  const json::value* config = entry.if_contains("config");
  if (config == nullptr) return faults.add(pointer + "/config", "is missing: a configuration");
  auto may_read = [&submitter](std::string_view file) {
    return submitter.access.may_read_file(submitter.owner, file);
  };
  for (httpd::BodyFault& fault : faults_of_design(*config, pointer + "/config", may_read)) {
    faults.add(std::move(fault.pointer), std::move(fault.detail));
  }
  batch.subjects.push_back(std::move(name));
  batch.task_options.push_back(json::serialize(*config));
}

void read_designs(const json::object& body, const Submitter& submitter, NewBatch& batch,
                  Faults& faults) {
  const json::value* list = body.if_contains("configs");
  if (list == nullptr || !list->is_array()) {
    return faults.add("/configs", "is missing: a list of {\"name\", \"config\"}");
  }
  const json::array& entries = list->get_array();
  if (entries.empty()) faults.add("/configs", "is empty");
  std::size_t most = std::min(submitter.max_tasks, kMostConfigs);
  if (entries.size() > most) {
    return faults.add("/configs", fmt::format("has {} configurations; at most {} go into one batch",
                                              entries.size(), most));
  }
  for (std::size_t i = 0; i < entries.size(); ++i) {
    std::string pointer = fmt::format("/configs/{}", i);
    if (!entries[i].is_object()) {
      faults.add(pointer, "is not an object with name and config");
      continue;
    }
    check_keys(entries[i].get_object(), {"name", "config"}, faults, pointer);
    read_design(entries[i].get_object(), pointer, submitter, batch, faults);
  }
}

void read_archive_exports(const json::object& body, jobs::ArchiveFormat format, bool is_batch,
                          const Submitter& submitter, NewBatch& batch, Faults& faults) {
  if (is_batch) {
    batch.subjects = subjects_of(body, submitter.max_tasks, faults);
  } else if (const json::value* pi = body.if_contains("pi")) {
    if (auto subject = subject_of(*pi, "/pi", faults)) batch.subjects.push_back(*subject);
  } else {
    faults.add("/pi", "is missing");
  }
  const json::value* options = body.if_contains("options");
  if (options == nullptr) return;
  if (!options->is_object()) return faults.add("/options", "is not an object");
  batch.options = json::serialize(*options);
  std::vector<jobs::OptionFault> wrong;
  jobs::read_archive_options(format, *options, wrong);
  for (jobs::OptionFault& fault : wrong) {
    faults.add("/options" + fault.pointer, std::move(fault.message));
  }
}

}  // namespace

std::string escaped_for_pointer(std::string_view key) {
  std::string pointer;
  for (char c : key) {
    if (c == '~') {
      pointer += "~0";
    } else if (c == '/') {
      pointer += "~1";
    } else {
      pointer += c;
    }
  }
  return pointer;
}

OrProblem<NewBatch> parse_submission(std::string_view text, std::string_view kind, bool is_batch,
                                     const Submitter& submitter) {
  bool is_design = kind == kDesign;
  std::optional<jobs::ArchiveFormat> format = jobs::parse_archive_format(kind);
  if (!is_design && !format) throw Error(ErrorCode::kNotFound, "there is no such format");
  OrProblem<json::object> parsed = parse_object(text);
  if (!parsed) return tl::unexpected(std::move(parsed.error()));
  const json::object& body = *parsed;
  Faults faults;
  NewBatch batch;
  batch.kind = kind;
  batch.options = "{}";
  batch.owner = submitter.owner;
  batch.is_single = !is_batch;
  if (!is_design) {
    check_keys(body, {is_batch ? "pis" : "pi", "options", "priority", "webhook"}, faults);
    read_archive_exports(body, *format, is_batch, submitter, batch, faults);
  } else if (is_batch) {
    read_designs(body, submitter, batch, faults);
    check_keys(body, {"configs", "priority", "webhook"}, faults);
  } else {
    read_design(body, "", submitter, batch, faults);
    check_keys(body, {"name", "config", "priority", "webhook"}, faults);
  }
  read_priority(body, batch, faults);
  read_webhook(body, is_batch, submitter, batch, faults);
  if (!faults.empty()) return tl::unexpected(faults.problem());
  return batch;
}

OrProblem<Callback> parse_callback(std::string_view text, const std::string& task_id) {
  OrProblem<json::object> parsed = parse_object(text);
  if (!parsed) return tl::unexpected(std::move(parsed.error()));
  const json::object& body = *parsed;
  Faults faults;
  check_id(body, "task_id", task_id, faults);
  Callback callback;
  callback.metrics = metrics_of(body);
  std::string status = text_of(body, "status");
  if (status == "success") {
    read_success(body, callback, faults);
  } else if (status == "error") {
    read_failure(body, callback, faults);
  } else if (status != "processing") {
    faults.add("/status", "is not \"processing\", \"success\" or \"error\"");
  }
  if (!faults.empty()) return tl::unexpected(faults.problem());
  return callback;
}

OrProblem<UploadWish> parse_upload_wish(std::string_view text) {
  OrProblem<json::object> parsed = parse_object(text);
  if (!parsed) return tl::unexpected(std::move(parsed.error()));
  Faults faults;
  Callback callback;
  read_success(*parsed, callback, faults);
  if (!callback.file_size) faults.add("/output_file_size", "is missing");
  std::string crc32 = text_of(*parsed, "output_crc32");
  auto sha256 = Digest::from_hex(text_of(*parsed, "output_sha256"));
  UploadWish wish{callback.file_name, callback.file_size.value_or(0), 0, Digest()};
  auto [end, fault] = std::from_chars(crc32.data(), crc32.data() + crc32.size(), wish.crc32, 16);
  if (fault != std::errc() || end != crc32.data() + crc32.size()) {
    faults.add("/output_crc32", "is not a checksum of hexadecimal digits");
  }
  if (!sha256) faults.add("/output_sha256", "is not a SHA-256 of 64 hexadecimal digits");
  if (!faults.empty()) return tl::unexpected(faults.problem());
  wish.sha256 = *sha256;
  return wish;
}

json::object submission_value(const Submission& submission) {
  json::array ids(submission.task_ids.begin(), submission.task_ids.end());
  std::size_t count = ids.size();
  return {{"batch_id", submission.batch_id},
          {"task_ids", std::move(ids)},
          {"status", "processing"},
          {"message",
           fmt::format("Batch export started with {} task{}.", count, count == 1 ? "" : "s")}};
}

json::object single_submission_value(const Submission& submission) {
  return {{"task_id", submission.task_ids.front()},
          {"status", "processing"},
          {"message", "Export job started. Use task_id to check status."}};
}

json::object task_value(const Task& task) {
  json::object value{{"task_id", task.id},
                     {"batch_id", task.batch_id},
                     {"status", status_of(task.state)},
                     {"state", to_string(task.state)},
                     {subject_key(task.kind), task.subject},
                     {"attempts", task.attempts}};
  if (task.output) {
    value["output_r2_key"] = task.output->artifact.key;
    value["output_file_name"] = task.output->name;
    value["output_file_size"] = task.output->artifact.size;
    value["sha256"] = task.output->artifact.sha256.hex();
  }
  if (!task.metrics.empty()) value["metrics"] = json::parse(task.metrics);
  // What made an earlier attempt fail is no error of a task that goes on or has succeeded.
  if (has_ended(task.state) && task.state != TaskState::kSuccess) {
    value["error"] = task.error;
    value["error_code"] = task.error_code;
  }
  value["created_at"] = unix_milliseconds(task.created_at);
  if (task.completed_at) value["completed_at"] = unix_milliseconds(*task.completed_at);
  return value;
}

json::object batch_value(const Batch& batch) {
  json::object value{{"batch_id", batch.id},
                     {"format", batch.kind},
                     {"state", batch.completed_at ? "completed" : "processing"},
                     {"total_tasks", batch.counts.total()},
                     {"completed", batch.counts.completed()},
                     {"failed", batch.counts.failed()},
                     {"processing", batch.counts.processing()},
                     {"created_at", unix_milliseconds(batch.created_at)}};
  if (batch.completed_at) value["completed_at"] = unix_milliseconds(*batch.completed_at);
  return value;
}

json::object webhook_value(const WebhookState& state) {
  json::array events;
  for (WebhookEvent event : {WebhookEvent::kTaskEnded, WebhookEvent::kBatchEnded}) {
    if (state.webhook.wants(event)) events.emplace_back(to_string(event));
  }
  // A query may hold what only the receiver should know.
  json::object value{{"url", net::shown_url(state.webhook.url)},
                     {"events", std::move(events)},
                     {"pending", state.pending},
                     {"delivered", state.delivered},
                     {"failed", state.failed}};
  if (!state.last_error.empty()) value["last_error"] = state.last_error;
  return value;
}

json::object batch_status_value(const Batch& batch, const Page<Task>& tasks) {
  json::object value = batch_value(batch);
  if (batch.webhook) value["webhook"] = webhook_value(*batch.webhook);
  json::array& list = value["tasks"].emplace_array();
  for (const Task& task : tasks.entries) {
    json::object& entry = list.emplace_back(json::object()).get_object();
    entry = {{"task_id", task.id},
             {subject_key(task.kind), task.subject},
             {"status", status_of(task.state)},
             {"state", to_string(task.state)},
             {"attempts", task.attempts}};
    if (task.output) entry["output_file_size"] = task.output->artifact.size;
    if (status_of(task.state) == "error") entry["error"] = task.error;
  }
  if (tasks.next) value["next_cursor"] = *tasks.next;
  return value;
}

json::object event_value(const TaskEvent& event, const std::optional<TaskCounts>& counts) {
  json::object value{{"batch_id", event.batch_id}};
  if (!event.task_id.empty()) {
    value["task_id"] = event.task_id;
    value[subject_key(event.kind)] = event.subject;
    value["attempt"] = event.attempt;
    value["status"] = status_of(event.state);
    value["state"] = to_string(event.state);
    if (status_of(event.state) == "error") value["error"] = event.error;
  } else {
    value["state"] = "completed";
  }
  if (counts) {
    value["counts"] = json::object{{"total_tasks", counts->total()},
                                   {"completed", counts->completed()},
                                   {"failed", counts->failed()},
                                   {"processing", counts->processing()}};
  }
  value["at"] = unix_milliseconds(event.at);
  return value;
}

}  // namespace gantry::service
