// The sandbox as a whole: a server on loopback that stands for api.figma.com and its CDN,
// for an archive and for GitHub.
//
// It listens on 127.0.0.1 (the API), on the CDN's host, and on 127.0.0.3, where redirects lead.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "apps/sandbox/options.hpp"

namespace gantry::sandbox {

class Sandbox {
 public:
  // Makes the design. Throws Error for recorded input that cannot be read.
  explicit Sandbox(const Options& options);
  ~Sandbox();  // stops

  // kIo if the port is taken.
  void start();
  void stop();
  std::uint16_t port() const;
  // What GET /__sandbox/stats answers.
  std::string stats_json() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace gantry::sandbox
