// Calls an artifact store from a test as if it blocked.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <boost/asio/io_context.hpp>

#include "gantry/artifacts/archive_stream.hpp"
#include "gantry/artifacts/artifact_store.hpp"
#include "gantry/base/crc32.hpp"

#include "testing/files.hpp"
#include "testing/io_loop.hpp"

namespace gantry::artifacts {

class ArtifactDriver {
 public:
  boost::asio::io_context loop;
  async::WorkerPool pool{2};
  testing::TemporaryFolder files;

  Artifact put(ArtifactStore& store, const std::string& key, const std::string& bytes) {
    testing::write_text(files / "source", bytes);
    return testing::run_for(loop, store.put(key, files / "source"));
  }
  std::optional<Artifact> find(ArtifactStore& store, const std::string& key) {
    return testing::run_for(loop, store.find(key));
  }
  std::string read(ArtifactStore& store, const Artifact& artifact, std::uint64_t offset,
                   std::size_t length) {
    return testing::run_for(loop, store.read(artifact, offset, length));
  }
  void remove(ArtifactStore& store, const std::string& key) {
    testing::run(loop, store.remove(key));
  }
  std::vector<std::string> list(ArtifactStore& store, const std::string& prefix,
                                const std::string& after = "") {
    return testing::run_for(loop, store.list(prefix, after));
  }
  // The bytes of a span that come before the end or the error, which is thrown.
  void send(ArtifactStore& store, std::shared_ptr<const Archive> archive, Span span,
            std::string& received) {
    testing::run(loop, send_archive(store, pool, std::move(archive), span, sink_into(received)));
  }

  static Sink sink_into(std::string& received) {
    return [&received](std::string bytes) { return append(received, std::move(bytes)); };
  }

 private:
  static async::awaitable<void> append(std::string& received, std::string bytes) {
    received += bytes;
    co_return;
  }
};

inline Artifact artifact_of(std::string key, const std::string& bytes) {
  return {std::move(key), bytes.size(), crc32(bytes), sha256(bytes)};
}

// Bytes that do not repeat.
inline std::string noise(std::size_t size, std::uint32_t seed = 1) {
  std::string bytes(size, '\0');
  for (char& byte : bytes) {
    seed = seed * 1'664'525 + 1'013'904'223;
    byte = static_cast<char>(seed >> 24);
  }
  return bytes;
}

}  // namespace gantry::artifacts
