// The outputs of workers that run on other machines. A worker tells what it has made and gets
// leave to put exactly that into the object storage, under a key of the server's own; it has no
// credential of the storage. What is there then is read and compared before it is taken.
#pragma once

#include <string>
#include <string_view>

#include "gantry/artifacts/s3_artifact_store.hpp"
#include "gantry/httpd/problem.hpp"
#include "gantry/service/api_json.hpp"
#include "gantry/service/task_writer.hpp"

namespace gantry::service {

// Where an attempt's output is in any store.
std::string output_key(const Attempt& attempt, const std::string& file_name);

// Io thread.
class RemoteOutputs {
 public:
  // The store outlives it.
  explicit RemoteOutputs(artifacts::S3ArtifactStore& store) : store_(store) {}

  // `body` is {"output_file_name", "output_file_size", "output_crc32", "output_sha256"}; the answer
  // {"url", "headers"} holds for a quarter of an hour. A problem names the faults of the body.
  OrProblem<boost::json::object> permit(const Attempt& attempt, std::string_view body) const;

  // kConflict if the file is not there, or has other bytes than it was to have.
  async::awaitable<artifacts::Artifact> take(Attempt attempt, std::string file_name);

 private:
  artifacts::S3ArtifactStore& store_;
};

}  // namespace gantry::service
