#include "gantry/service/remote_outputs.hpp"

#include <algorithm>
#include <chrono>

#include <fmt/format.h>

#include "gantry/base/crc32.hpp"

namespace gantry::service {
namespace {

namespace json = boost::json;

constexpr std::chrono::minutes kPermitted{15};

}  // namespace

std::string output_key(const Attempt& attempt, const std::string& file_name) {
  return fmt::format("exports/{}/{}/{}", attempt.task_id, attempt.number, file_name);
}

OrProblem<json::object> RemoteOutputs::permit(const Attempt& attempt, std::string_view body) const {
  OrProblem<UploadWish> wish = parse_upload_wish(body);
  if (!wish) return tl::unexpected(std::move(wish.error()));
  artifacts::Artifact artifact{output_key(attempt, wish->file_name), wish->size, wish->crc32,
                               wish->sha256};
  artifacts::Upload upload = store_.permit_upload(artifact, kPermitted);
  json::object headers;
  for (const auto& [name, value] : upload.headers) headers[name] = value;
  return json::object{{"url", upload.url}, {"headers", std::move(headers)}};
}

async::awaitable<artifacts::Artifact> RemoteOutputs::take(Attempt attempt, std::string file_name) {
  std::string key = output_key(attempt, file_name);
  std::optional<artifacts::Artifact> artifact = co_await store_.find(key);
  if (!artifact) throw Error(ErrorCode::kConflict, "the output '" + key + "' is not there");
  Sha256 sha256;
  std::uint32_t sum = 0;
  for (std::uint64_t offset = 0; offset < artifact->size;) {
    std::uint64_t left = artifact->size - offset;
    std::string bytes = co_await store_.read(
        *artifact, offset, std::min<std::uint64_t>(left, artifacts::ArtifactStore::kMostRead));
    offset += bytes.size();
    sum = crc32_of_both(sum, crc32(bytes), bytes.size());
    sha256.update(bytes);
  }
  if (sha256.finish() != artifact->sha256 || sum != artifact->crc32) {
    throw Error(ErrorCode::kConflict, "the output '" + key + "' has other bytes than it was to");
  }
  co_return *artifact;
}

}  // namespace gantry::service
