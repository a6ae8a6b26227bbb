#include "gantry/service/downloads.hpp"

#include <algorithm>
#include <utility>

#include <boost/asio/post.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include "gantry/base/files.hpp"
#include "gantry/httpd/byte_range.hpp"
#include "gantry/httpd/request_guard.hpp"
#include "gantry/service/api_json.hpp"
#include "gantry/zip/member_names.hpp"

namespace gantry::service {
namespace {

constexpr std::size_t kPage = 1000;
constexpr std::size_t kRecentArchives = 4;
constexpr std::string_view kManifest = "manifest.json";

// A piece on its way to the peer.
struct Delivery {
  explicit Delivery(const async::any_io_executor& executor) : done(executor) {}
  async::Event done;
  bool has_left = false;
};

async::awaitable<void> deliver(httpd::Responder responder, std::string bytes) {
  auto executor = co_await boost::asio::this_coro::executor;
  auto delivery = std::make_shared<Delivery>(executor);
  responder.write(std::move(bytes), [executor, delivery](bool has_left) {
    boost::asio::post(executor, [delivery, has_left] {
      delivery->has_left = has_left;
      delivery->done.set();
    });
  });
  co_await delivery->done.wait();
  if (!delivery->has_left) throw Error(ErrorCode::kNetwork, "the peer has gone");
}

// What a download says of itself before its bytes.
struct Header {
  std::string etag;
  std::string type;
  std::string file_name;
  std::uint64_t size = 0;
};

artifacts::Span begin(const Header& header, const httpd::Request& request,
                      httpd::Responder& responder) {
  bool is_head = request.method == "HEAD";
  httpd::BodyPart part = httpd::choose_part(is_head ? std::nullopt : request.header("Range"),
                                            request.header("If-Range"), header.etag, header.size);
  httpd::Headers headers = httpd::download_policy();
  headers.emplace_back("ETag", header.etag);
  headers.emplace_back("Accept-Ranges", "bytes");
  headers.emplace_back("Content-Type", header.type);
  headers.emplace_back("Content-Disposition",
                       fmt::format("attachment; filename=\"{}\"", header.file_name));
  if (part.content_range) headers.emplace_back("Content-Range", *part.content_range);
  responder.begin(part.status, headers, part.length, httpd::AfterAnswer::kCloseConnection);
  return {part.offset, is_head ? 0 : part.length};
}

Error not_ready(std::string message) {
  return Error(ErrorCode::kConflict, std::move(message)).with(Retry::kSameRequest);
}

std::string type_of(const std::string& name) {
  if (name.ends_with(".zip")) return "application/zip";
  return name.ends_with(".json") ? "application/json" : "application/xml";
}

boost::json::object entry_of(const Task& task, const std::string& name) {
  boost::json::object entry = task_value(task);
  entry.erase("output_r2_key");
  entry.erase("batch_id");
  if (task.output) entry["file"] = name;
  return entry;
}

}  // namespace

Downloads::Downloads(TaskStore& tasks, artifacts::ArtifactStore& store, async::WorkerPool& pool,
                     RunningDownloads& running, std::filesystem::path scratch)
    : tasks_(tasks), store_(store), pool_(pool), running_(running), scratch_(std::move(scratch)) {}

async::awaitable<void> Downloads::send_task(std::string task_id, httpd::Request request,
                                            httpd::Responder responder) {
  std::shared_ptr<void> under_way = running_.begin();
  auto question = [task_id](TaskReader& reader) { return reader.task(task_id); };
  std::optional<Task> task = co_await tasks_.ask(std::move(question));
  if (!task) throw Error(ErrorCode::kNotFound, "Task not found");
  if (!task->output) {
    std::string message =
        fmt::format("Export not ready or failed. Status: {}", status_of(task->state));
    if (!has_ended(task->state)) throw not_ready(std::move(message));
    throw Error(ErrorCode::kConflict, std::move(message));
  }
  const artifacts::Artifact& artifact = task->output->artifact;
  Header header{fmt::format("\"{}\"", artifact.sha256.hex()), type_of(task->output->name),
                task->output->name, artifact.size};
  artifacts::Span span = begin(header, request, responder);
  artifacts::Sink sink = [responder](std::string bytes) {
    return deliver(responder, std::move(bytes));
  };
  try {
    if (span.length > 0) co_await artifacts::send_artifact(store_, pool_, artifact, span, sink);
  } catch (const Error&) {
    // Short of its length the answer ends as a broken one.
  }
  responder.end();
}

async::awaitable<void> Downloads::send_batch(std::string batch_id, bool partial,
                                             httpd::Request request, httpd::Responder responder) {
  std::shared_ptr<void> under_way = running_.begin();
  auto question = [batch_id](TaskReader& reader) { return reader.batch(batch_id); };
  std::optional<Batch> batch = co_await tasks_.ask(std::move(question));
  if (!batch) throw Error(ErrorCode::kNotFound, "there is no such batch");
  if (!partial && !batch->completed_at) {
    throw not_ready("the batch still runs; wait, or ask for ?partial=true");
  }
  if (!partial && batch->counts.completed() == 0) {
    throw Error(ErrorCode::kConflict,
                "no task of the batch has succeeded; ?partial=true gives the manifest alone");
  }
  Archive archive = co_await archive_of(*batch);
  bool is_part = !batch->completed_at;
  Header header{archive->plan().etag(), "application/zip",
                fmt::format("{}{}.zip", batch_id, is_part ? "-partial" : ""),
                archive->plan().size()};
  artifacts::Span span = begin(header, request, responder);
  artifacts::Sink sink = [responder](std::string bytes) {
    return deliver(responder, std::move(bytes));
  };
  try {
    if (span.length > 0) co_await artifacts::send_archive(store_, pool_, archive, span, sink);
  } catch (const Error&) {
    // As above: a member that is gone or has changed must be seen.
  }
  responder.end();
}

async::awaitable<Downloads::Archive> Downloads::archive_of(Batch batch) {
  if (!batch.completed_at) co_return co_await make_archive(std::move(batch));
  std::string key = fmt::format("{}/{}", batch.id, unix_milliseconds(*batch.completed_at));
  for (const auto& [known, archive] : recent_) {
    if (known == key) co_return archive;
  }
  Archive archive = co_await make_archive(std::move(batch));
  recent_.emplace_front(std::move(key), archive);
  if (recent_.size() > kRecentArchives) recent_.pop_back();
  co_return archive;
}

// A plan follows from the tasks alone, which change no more once they have ended: whoever asks
// again gets the same bytes under the same tag, also from another server.
async::awaitable<Downloads::Archive> Downloads::make_archive(Batch batch) {
  std::vector<Task> tasks;
  std::string cursor;
  do {
    auto question = [id = batch.id, cursor](TaskReader& reader) {
      return reader.tasks(id, TaskOrder::kAsRequested, cursor, kPage);
    };
    Page<Task> page = co_await tasks_.ask(std::move(question));
    std::move(page.entries.begin(), page.entries.end(), std::back_inserter(tasks));
    cursor = page.next.value_or("");
  } while (!cursor.empty());

  std::vector<std::string> wanted{std::string(kManifest)};
  for (const Task& task : tasks) {
    if (task.output) wanted.push_back(task.output->name);
  }
  std::vector<RelativePath> names = zip::archive_names(wanted);
  boost::json::object manifest = batch_value(batch);
  manifest["partial"] = !batch.completed_at;
  boost::json::array& entries = manifest["tasks"].emplace_array();
  std::vector<artifacts::Archive::Part> parts{{names.front(), {}, {}}};
  async::WallTime latest = batch.created_at;
  for (const Task& task : tasks) {
    std::string name = task.output ? names[parts.size()].text() : std::string();
    entries.push_back(entry_of(task, name));
    if (!task.output) continue;
    async::WallTime at = task.completed_at.value_or(batch.created_at);
    latest = std::max(latest, at);
    parts.push_back(
        {names[parts.size()], task.output->artifact, std::chrono::floor<std::chrono::seconds>(at)});
  }
  parts.front().artifact = co_await put_manifest(batch, boost::json::serialize(manifest));
  parts.front().modified = std::chrono::floor<std::chrono::seconds>(latest);
  co_return std::make_shared<const artifacts::Archive>(parts);
}

async::awaitable<artifacts::Artifact> Downloads::put_manifest(Batch batch, std::string manifest) {
  std::string key = fmt::format("batches/{}/{}/{}", batch.id, sha256(manifest).hex(), kManifest);
  auto write = [folder = scratch_, manifest = std::move(manifest)] {
    std::shared_ptr<TemporaryFile> file = TemporaryFile::create(folder, "manifest-");
    file->append(manifest);
    file->close();
    return file;
  };
  std::shared_ptr<TemporaryFile> file = co_await pool_.run(std::move(write));
  co_return co_await store_.put(std::move(key), file->path());
}

}  // namespace gantry::service
