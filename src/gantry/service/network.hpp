// The calls that the server itself makes, to what its operator has configured: an object storage,
// the API of a launcher.
#pragma once

#include <chrono>
#include <string>

#include <fmt/format.h>

#include "gantry/async/clock.hpp"
#include "gantry/jobs/version.hpp"
#include "gantry/net/admission.hpp"
#include "gantry/net/client.hpp"
#include "gantry/net/curl_transport.hpp"

namespace gantry::service {

// Io thread. The clock outlives it.
struct Network {
  Network(const async::any_io_executor& executor, async::Clock& clock)
      : transport(executor, clock, net::EgressPolicy(), fmt::format("gantry/{}", jobs::kVersion)),
        admission(executor, clock, std::chrono::minutes(1)),
        client(
            transport, admission, net::EgressPolicy(), clock, [](const std::string&) {}, 1) {}

  net::CurlTransport transport;
  net::Admission admission;
  net::Client client;
};

}  // namespace gantry::service
