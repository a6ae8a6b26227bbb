#include "gantry/artifacts/s3_artifact_store.hpp"

#include <algorithm>
#include <charconv>
#include <sstream>
#include <utility>

#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/this_coro.hpp>
#include <fmt/format.h>
#include <pugixml.hpp>

#include "gantry/artifacts/s3_bucket.hpp"
#include "gantry/base/error.hpp"

namespace gantry::artifacts {
namespace fs = std::filesystem;
namespace {

constexpr std::uint64_t kMegabyte = 1 << 20;
// S3 wants parts of 5 MiB at least, and at most so many of them.
constexpr std::uint64_t kPart = 8 * kMegabyte;
constexpr std::uint64_t kMostParts = 10'000;
constexpr std::uint64_t kLargestPart = 64 * kMegabyte;
constexpr std::size_t kMostPuts = 4;

constexpr const char* kCrc32Header = "x-amz-meta-gantry-crc32";
constexpr const char* kSha256Header = "x-amz-meta-gantry-sha256";

std::optional<std::uint64_t> parse_number(std::string_view text, int base = 10) {
  std::uint64_t value = 0;
  const char* end = text.data() + text.size();
  auto [last, failure] = std::from_chars(text.data(), end, value, base);
  if (failure != std::errc() || last != end) return std::nullopt;
  return value;
}

// Of what an answer's headers tell; nothing if the object is not one of ours.
std::optional<Artifact> described(const net::HttpResponse& response, const std::string& key,
                                  std::string_view size) {
  auto bytes = parse_number(size);
  auto crc32 = parse_number(net::find_header(response.headers, kCrc32Header), 16);
  auto sha256 = Digest::from_hex(net::find_header(response.headers, kSha256Header));
  if (!bytes || !crc32 || *crc32 > 0xffff'ffff || !sha256) return std::nullopt;
  return Artifact{key, *bytes, static_cast<std::uint32_t>(*crc32), *sha256};
}

void describe(S3Request& request, const Artifact& artifact) {
  request.headers.emplace_back("Content-Type", "application/octet-stream");
  request.headers.emplace_back(kCrc32Header, fmt::format("{:08x}", artifact.crc32));
  request.headers.emplace_back(kSha256Header, artifact.sha256.hex());
}

// CompleteMultipartUpload begins its answer before it knows how it ends.
void check_completion(const net::HttpResponse& response) {
  std::string code = error_code(response);
  if (code.empty()) return;
  bool may_pass = code == "InternalError" || code == "SlowDown" || code == "ServiceUnavailable";
  throw Error(ErrorCode::kServer, "the object storage could not join the parts: " + code)
      .with(may_pass ? Retry::kSameRequest : Retry::kNever);
}

std::uint64_t part_size(const Artifact& artifact) {
  std::uint64_t least = (artifact.size + kMostParts - 1) / kMostParts;
  std::uint64_t size = std::max(kPart, (least + kMegabyte - 1) / kMegabyte * kMegabyte);
  if (size <= kLargestPart) return size;
  throw Error(ErrorCode::kTooLarge,
              fmt::format("the artifact '{}' has {} bytes, more than the {} that are put into an "
                          "object storage",
                          artifact.key, artifact.size, kLargestPart * kMostParts));
}

Artifact summary_of(const fs::path& path, const std::string& key) {
  ArtifactFile file(path);
  while (!file.read(kMegabyte).empty()) {
  }
  return file.summary(key);
}

void check_unchanged(const Artifact& before, const Artifact& now, const fs::path& file) {
  if (before == now) return;
  throw Error(ErrorCode::kConflict, file.string() + " was changed while it was being stored");
}

Error changed(const Artifact& artifact) {
  return Error(ErrorCode::kBadResponse,
               "the artifact '" + artifact.key + "' has changed in its store");
}

}  // namespace

S3ArtifactStore::S3ArtifactStore(Services services, S3Access access, S3Location location)
    : pool_(services.pool),
      bucket_(std::make_unique<S3Bucket>(services.admission, services.client, services.clock,
                                         std::move(access), std::move(location))),
      puts_(services.executor, kMostPuts) {}
S3ArtifactStore::~S3ArtifactStore() = default;

Upload S3ArtifactStore::permit_upload(const Artifact& artifact, std::chrono::seconds valid) const {
  S3Request request = bucket_->request_for("PUT", artifact.key);
  describe(request, artifact);
  request.headers.emplace_back("If-None-Match", "*");
  std::string url = bucket_->presigned(request, valid);
  return {std::move(url), std::move(request.headers)};
}

async::awaitable<std::optional<Artifact>> S3ArtifactStore::find(std::string key) {
  S3Request request = bucket_->request_for("HEAD", key);
  net::HttpResponse response = co_await bucket_->send(std::move(request));
  if (response.status == 404) co_return std::nullopt;
  if (response.status != 200)
    throw bucket_->refusal(response, "cannot find the artifact '" + key + "'");
  auto found = described(response, key, net::find_header(response.headers, "Content-Length"));
  if (!found) {
    throw Error(ErrorCode::kConflict, "the object '" + bucket_->location().prefix + key +
                                          "' in the bucket '" + bucket_->location().bucket +
                                          "' is not an artifact of Gantry: "
                                          "give it another bucket or prefix");
  }
  co_return found;
}

async::awaitable<Artifact> S3ArtifactStore::put(std::string key, fs::path file) {
  check_key(key);
  async::Semaphore::Permit permit = co_await puts_.acquire();
  auto summarise = [file, key] { return summary_of(file, key); };
  Artifact artifact = co_await pool_.run(std::move(summarise));
  std::optional<Artifact> known = co_await find(key);
  if (known) {
    check_same(*known, artifact);
    co_return artifact;
  }
  if (artifact.size <= kPart) {
    co_await put_whole(artifact, file);
  } else {
    co_await put_parts(artifact, file);
  }
  co_return artifact;
}

async::awaitable<void> S3ArtifactStore::put_whole(Artifact artifact, fs::path file) {
  S3Request request = bucket_->request_for("PUT", artifact.key);
  describe(request, artifact);
  request.headers.emplace_back("If-None-Match", "*");
  auto read = [artifact, file] {
    ArtifactFile source(file);
    std::string bytes = source.read(artifact.size + 1);
    check_unchanged(artifact, source.summary(artifact.key), file);
    return bytes;
  };
  request.body = co_await pool_.run(std::move(read));
  net::HttpResponse response = co_await bucket_->send(std::move(request));
  if (response.status == 200) co_return;
  std::string what = "cannot store the artifact '" + artifact.key + "'";
  if (response.status != 412) throw bucket_->refusal(response, what);
  // Somebody was faster: another one, or this very request, whose answer was lost.
  std::optional<Artifact> known = co_await find(artifact.key);
  if (!known) throw bucket_->refusal(response, what);
  check_same(*known, artifact);
}

async::awaitable<void> S3ArtifactStore::put_parts(Artifact artifact, fs::path file) {
  std::string upload = co_await begin_parts(artifact);
  std::exception_ptr failure;
  try {
    std::string parts = co_await send_parts(artifact, file, upload);
    co_await complete_parts(artifact, upload, std::move(parts));
  } catch (...) {
    failure = std::current_exception();
  }
  if (!failure) co_return;
  co_await boost::asio::this_coro::reset_cancellation_state(boost::asio::disable_cancellation());
  co_await abort_parts(std::move(artifact), std::move(upload));
  std::rethrow_exception(failure);
}

async::awaitable<std::string> S3ArtifactStore::begin_parts(Artifact artifact) {
  S3Request request = bucket_->request_for("POST", artifact.key);
  request.query = {{"uploads", ""}};
  describe(request, artifact);
  net::HttpResponse response = co_await bucket_->send(std::move(request));
  std::string what = "cannot store the artifact '" + artifact.key + "'";
  if (response.status != 200) throw bucket_->refusal(response, what);
  pugi::xml_document document = parse_xml(response.body);
  std::string upload = document.child("InitiateMultipartUploadResult").child_value("UploadId");
  if (upload.empty()) throw Error(ErrorCode::kBadResponse, what + ": the upload has no id");
  co_return upload;
}

async::awaitable<std::string> S3ArtifactStore::send_parts(Artifact artifact, fs::path file,
                                                          std::string upload) {
  const std::uint64_t size = part_size(artifact);
  auto source = std::make_shared<ArtifactFile>(file);
  pugi::xml_document list;
  pugi::xml_node root = list.append_child("CompleteMultipartUpload");
  for (std::uint64_t number = 1;; ++number) {
    auto read = [source, size] { return source->read(size); };
    std::string bytes = co_await pool_.run(std::move(read));
    // A file that grows meanwhile has no end.
    if (bytes.empty() || number > kMostParts) break;
    S3Request request = bucket_->request_for("PUT", artifact.key);
    request.query = {{"partNumber", std::to_string(number)}, {"uploadId", upload}};
    request.headers.emplace_back("Content-Type", "application/octet-stream");
    request.body = std::move(bytes);
    net::HttpResponse response = co_await bucket_->send(std::move(request));
    std::string_view tag = net::find_header(response.headers, "ETag");
    if (response.status != 200 || tag.empty()) {
      throw bucket_->refusal(
          response, fmt::format("cannot store part {} of the artifact '{}'", number, artifact.key));
    }
    pugi::xml_node part = root.append_child("Part");
    part.append_child("PartNumber").text().set(std::to_string(number).c_str());
    part.append_child("ETag").text().set(std::string(tag).c_str());
  }
  check_unchanged(artifact, source->summary(artifact.key), file);
  std::ostringstream text;
  list.save(text, "", pugi::format_raw | pugi::format_no_declaration);
  co_return text.str();
}

async::awaitable<void> S3ArtifactStore::complete_parts(Artifact artifact, std::string upload,
                                                       std::string parts) {
  S3Request request = bucket_->request_for("POST", artifact.key);
  request.query = {{"uploadId", upload}};
  request.headers.emplace_back("Content-Type", "application/xml");
  request.body = std::move(parts);
  net::CallOptions options;
  options.check = check_completion;
  net::HttpResponse response = co_await bucket_->send(std::move(request), std::move(options));
  if (response.status == 200) co_return;
  // The parts are gone if an earlier attempt has joined them and its answer was lost.
  std::optional<Artifact> known;
  if (response.status == 404) known = co_await find(artifact.key);
  if (!known) throw bucket_->refusal(response, "cannot store the artifact '" + artifact.key + "'");
  check_same(*known, artifact);
}

async::awaitable<void> S3ArtifactStore::abort_parts(Artifact artifact, std::string upload) {
  S3Request request = bucket_->request_for("DELETE", artifact.key);
  request.query = {{"uploadId", upload}};
  net::CallOptions options;
  options.retry.max_retries = 0;
  try {
    co_await bucket_->send(std::move(request), std::move(options));
  } catch (const Error&) {
    // What has made the upload fail is told; its parts are left to the bucket's lifecycle rules.
  }
}

async::awaitable<std::string> S3ArtifactStore::read(Artifact artifact, std::uint64_t offset,
                                                    std::size_t length) {
  check_range(artifact, offset, length);
  if (length == 0) co_return "";
  S3Request request = bucket_->request_for("GET", artifact.key);
  request.headers.emplace_back("Range", fmt::format("bytes={}-{}", offset, offset + length - 1));
  net::HttpResponse response = co_await bucket_->send(std::move(request));
  if (response.status == 404) {
    throw Error(ErrorCode::kNotFound, "the artifact '" + artifact.key + "' is gone");
  }
  if (response.status == 416) throw changed(artifact);
  if (response.status != 206) {
    throw bucket_->refusal(response, "cannot read the artifact '" + artifact.key + "'");
  }
  std::string_view range = net::find_header(response.headers, "Content-Range");
  std::string_view total = range.substr(std::min(range.size(), range.rfind('/') + 1));
  std::optional<Artifact> found = described(response, artifact.key, total);
  if (found != artifact) throw changed(artifact);
  std::string bytes = response.body.read(kMostRead);
  if (bytes.size() != length) {
    throw Error(ErrorCode::kBadResponse,
                fmt::format("{} bytes of the artifact '{}' were asked for and {} came", length,
                            artifact.key, bytes.size()));
  }
  co_return bytes;
}

async::awaitable<void> S3ArtifactStore::remove(std::string key) {
  S3Request request = bucket_->request_for("DELETE", key);
  net::HttpResponse response = co_await bucket_->send(std::move(request));
  if (response.status == 200 || response.status == 204) co_return;
  std::string code = error_code(response);
  if (response.status == 404 && code != "NoSuchBucket") co_return;
  throw bucket_->refusal(response, "cannot remove the artifact '" + key + "'");
}

async::awaitable<std::vector<std::string>> S3ArtifactStore::list(std::string prefix,
                                                                 std::string after) {
  const std::string root = bucket_->location().prefix;
  std::vector<std::string> keys;
  for (bool more = true; more && keys.size() < kMostListed;) {
    S3Request request = bucket_->request_for_list();
    request.query = {{"list-type", "2"},
                     {"max-keys", std::to_string(kMostListed - keys.size())},
                     {"prefix", root + prefix}};
    if (!after.empty()) request.query.emplace_back("start-after", root + after);
    net::HttpResponse response = co_await bucket_->send(std::move(request));
    if (response.status != 200) throw bucket_->refusal(response, "cannot list the artifacts");
    pugi::xml_document document = parse_xml(response.body);
    pugi::xml_node result = document.child("ListBucketResult");
    if (!result) throw Error(ErrorCode::kBadResponse, "the list of the artifacts is no list");
    std::size_t before = keys.size();
    for (pugi::xml_node entry : result.children("Contents")) {
      std::string_view key = entry.child_value("Key");
      if (key.starts_with(root)) keys.emplace_back(key.substr(root.size()));
    }
    more = std::string_view(result.child_value("IsTruncated")) == "true" && keys.size() > before;
    if (more) after = keys.back();
  }
  co_return keys;
}

}  // namespace gantry::artifacts
