// The bodies of the service's HTTP API: what a request says, and what an answer is made of. Pure.
//
// Names and shapes are those of the orchestrator that archivists have scripts for; what is new has
// names of its own beside them.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <boost/json/object.hpp>
#include <tl/expected.hpp>

#include "gantry/httpd/problem.hpp"
#include "gantry/jobs/archive_options.hpp"
#include "gantry/service/access.hpp"
#include "gantry/service/task.hpp"
#include "gantry/service/task_reader.hpp"
#include "gantry/service/task_writer.hpp"

namespace gantry::service {

template <class T>
using OrProblem = tl::expected<T, httpd::Problem>;

// Who asks for exports, and how many may be asked for at once.
struct Submitter {
  const Access& access;
  std::string owner;  // by Access::check()
  std::size_t max_tasks = 0;
};

// {"pi": "...", "options": {...}}, or for a batch {"pis": [...], "options": {...}}; of exports from
// Figma {"name": "...", "config": {...}}, or {"configs": [...]} of such. Also "priority", from -2
// to 2, and "webhook". Every fault is named by its JSON pointer; nothing is taken in part.
// kNotFound for a kind that is none.
OrProblem<NewBatch> parse_submission(std::string_view body, std::string_view kind, bool is_batch,
                                     const Submitter& submitter);

// A key as a part of a JSON pointer.
std::string escaped_for_pointer(std::string_view key);

// What a worker says of its attempt.
struct Callback {
  enum class Kind { kAlive, kSuccess, kFailure };
  Kind kind = Kind::kAlive;
  std::string file_name;  // of the output
  std::optional<std::uint64_t> file_size;
  std::string metrics;     // JSON object of known numbers
  std::string error_code;  // of a failure
  std::string error;
  bool may_be_tried_again = false;
};
// The ids in the body, where they stand, must be those of the task.
OrProblem<Callback> parse_callback(std::string_view body, const std::string& task_id);

// What a worker has made and wants to put into the object storage.
struct UploadWish {
  std::string file_name;
  std::uint64_t size = 0;
  std::uint32_t crc32 = 0;
  Digest sha256;
};
OrProblem<UploadWish> parse_upload_wish(std::string_view body);

boost::json::object submission_value(const Submission& submission);         // of a batch
boost::json::object single_submission_value(const Submission& submission);  // of one task
boost::json::object task_value(const Task& task);
boost::json::object batch_value(const Batch& batch);
boost::json::object batch_status_value(const Batch& batch, const Page<Task>& tasks);
// `counts`: of the batch, now.
boost::json::object event_value(const TaskEvent& event, const std::optional<TaskCounts>& counts);

}  // namespace gantry::service
