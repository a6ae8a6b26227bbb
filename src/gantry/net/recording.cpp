#include "gantry/net/recording.hpp"

#include <array>
#include <utility>

#include <boost/json.hpp>

#include "gantry/base/error.hpp"
#include "gantry/base/files.hpp"

namespace gantry::net {
namespace fs = std::filesystem;
namespace json = boost::json;
namespace {

constexpr std::array<std::string_view, 3> kKeptHeaders = {"Content-Type", "Location",
                                                          "Retry-After"};

std::string file_stem(const HttpRequest& request) {
  return sha256(request.method + "\n" + request.url + "\n" + request.body).hex().substr(0, 32);
}

void keep(const fs::path& folder, const HttpRequest& request, const HttpResponse& response) {
  json::object headers;
  for (std::string_view name : kKeptHeaders) {
    std::string_view value = find_header(response.headers, name);
    if (!value.empty()) headers[name] = value;
  }
  json::object head;
  head["method"] = request.method;
  head["address"] = shown_url(request.url);
  head["status"] = response.status;
  head["headers"] = std::move(headers);
  std::string stem = file_stem(request);
  write_file_atomically(folder / (stem + ".body"), response.body.read(1ULL << 32));
  write_file_atomically(folder / (stem + ".json"), json::serialize(head) + "\n");
}

HttpResponse load(const fs::path& folder, const HttpRequest& request) {
  fs::path head_file = folder / (file_stem(request) + ".json");
  if (!fs::exists(head_file)) {
    throw Error(ErrorCode::kNotFound, "no answer to " + request.method + " " +
                                          shown_url(request.url) + " is recorded in " +
                                          folder.string());
  }
  HttpResponse response;
  try {
    json::object head = json::parse(read_file(head_file, 1 << 20)).as_object();
    response.status = head.at("status").to_number<int>();
    for (const auto& [name, value] : head.at("headers").as_object()) {
      response.headers.emplace_back(name, value.as_string());
    }
  } catch (const Error&) {
    throw;
  } catch (const std::exception&) {
    throw Error(ErrorCode::kBadResponse, head_file.string() + " is not a recorded answer");
  }
  fs::path body_file = head_file;
  response.body = Blob::from_bytes(read_file(body_file.replace_extension(".body")));
  return response;
}

}  // namespace

RecordingTransport::RecordingTransport(Transport& inner, async::WorkerPool& pool, fs::path folder)
    : inner_(inner), pool_(pool), folder_(std::move(folder)) {
  std::error_code failure;
  fs::create_directories(folder_, failure);
  if (failure) throw system_error("cannot create " + folder_.string(), failure.value());
}

async::awaitable<HttpResponse> RecordingTransport::send(HttpRequest request) {
  HttpRequest sent = request;
  HttpResponse response = co_await inner_.send(std::move(sent));
  auto work = [this, &request, &response] { keep(folder_, request, response); };
  co_await pool_.run(work);
  co_return response;
}

ReplayTransport::ReplayTransport(async::WorkerPool& pool, const async::Clock& clock,
                                 fs::path folder)
    : pool_(pool), clock_(clock), folder_(std::move(folder)) {
  if (!fs::is_directory(folder_)) {
    throw Error(ErrorCode::kUsage, "--replay: there is no folder " + folder_.string());
  }
}

async::awaitable<HttpResponse> ReplayTransport::send(HttpRequest request) {
  auto work = [this, &request] { return load(folder_, request); };
  HttpResponse response = co_await pool_.run(work);
  response.departed = clock_.now();
  response.answered = clock_.now();
  co_return response;
}

}  // namespace gantry::net
