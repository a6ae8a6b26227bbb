// Artifacts in a bucket of an object storage that speaks S3: Amazon's, Cloudflare's R2, others.
//
// CRC-32 and SHA-256 are kept as metadata of the object (x-amz-meta-gantry-*), which come with
// every answer, so that an object that was replaced is noticed whatever part of it is read. No
// checksum headers are sent, which R2 has refused, and no bucket is made. Files of up to 8 MiB go
// as one PUT, larger ones as parts of equal size, which R2 insists on; at most four files at a
// time, each of which takes some copies of a part in memory. A process that is killed leaves its
// unfinished parts to the lifecycle rules of the bucket.
//
// Calls go through the client with its retries. A machine whose clock is wrong is told the time by
// the server. Io thread.
#pragma once

#include <chrono>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "gantry/artifacts/artifact_store.hpp"
#include "gantry/artifacts/s3_request.hpp"
#include "gantry/async/semaphore.hpp"
#include "gantry/net/client.hpp"

namespace gantry::artifacts {

class S3Bucket;

// Lets a machine without credentials put one file under one key, by one PUT.
struct Upload {
  std::string url;  // to be kept as a secret until it has expired
  std::vector<net::Header> headers;
};

class S3ArtifactStore final : public ArtifactStore {
 public:
  // All references outlive the store. The admission gets a pool of the store's own.
  struct Services {
    async::any_io_executor executor;
    async::Clock& clock;
    async::WorkerPool& pool;
    net::Admission& admission;
    net::Client& client;
  };

  // kUsage for an endpoint or a bucket that cannot be.
  S3ArtifactStore(Services services, S3Access access, S3Location location);
  ~S3ArtifactStore() override;

  // For a file of which somebody says that it is this one: read it before it is believed. Nothing
  // is put over what is there already. kUnsafe.
  Upload permit_upload(const Artifact& artifact, std::chrono::seconds valid) const;

  async::awaitable<Artifact> put(std::string key, std::filesystem::path file) override;
  async::awaitable<std::optional<Artifact>> find(std::string key) override;
  async::awaitable<std::string> read(Artifact artifact, std::uint64_t offset,
                                     std::size_t length) override;
  async::awaitable<void> remove(std::string key) override;
  async::awaitable<std::vector<std::string>> list(std::string prefix, std::string after) override;

 private:
  async::awaitable<void> put_whole(Artifact artifact, std::filesystem::path file);
  async::awaitable<void> put_parts(Artifact artifact, std::filesystem::path file);
  async::awaitable<std::string> begin_parts(Artifact artifact);
  async::awaitable<std::string> send_parts(Artifact artifact, std::filesystem::path file,
                                           std::string upload);
  async::awaitable<void> complete_parts(Artifact artifact, std::string upload, std::string parts);
  async::awaitable<void> abort_parts(Artifact artifact, std::string upload);

  async::WorkerPool& pool_;
  std::unique_ptr<S3Bucket> bucket_;
  async::Semaphore puts_;
};

}  // namespace gantry::artifacts
