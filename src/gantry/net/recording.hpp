// Answers kept in a folder, and a run made from them: exact, offline, without a token.
//
// One request is two files, named by the hash of its method, address and body: `<hash>.json`
// (method, shown address, status, the few headers that matter) and `<hash>.body`. Request headers
// are never written, so no credential is. Where one request was sent several times, its last answer
// stands.
#pragma once

#include <filesystem>

#include "gantry/async/clock.hpp"
#include "gantry/async/worker_pool.hpp"
#include "gantry/net/transport.hpp"

namespace gantry::net {

// Sends through another transport and keeps what it answers.
class RecordingTransport final : public Transport {
 public:
  // Creates `folder` if need be. Throws kIo.
  RecordingTransport(Transport& inner, async::WorkerPool& pool, std::filesystem::path folder);
  async::awaitable<HttpResponse> send(HttpRequest request) override;

 private:
  Transport& inner_;
  async::WorkerPool& pool_;
  std::filesystem::path folder_;
};

// Answers from a folder and never touches the network; kNotFound names what was not recorded.
class ReplayTransport final : public Transport {
 public:
  // kUsage if `folder` is not there.
  ReplayTransport(async::WorkerPool& pool, const async::Clock& clock, std::filesystem::path folder);
  async::awaitable<HttpResponse> send(HttpRequest request) override;

 private:
  async::WorkerPool& pool_;
  const async::Clock& clock_;
  std::filesystem::path folder_;
};

}  // namespace gantry::net
