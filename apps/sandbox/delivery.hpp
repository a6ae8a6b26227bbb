// Sends an answer as it is, or spoilt by a fault.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "gantry/httpd/server.hpp"

#include "apps/sandbox/faults.hpp"

namespace gantry::sandbox {

// What leaves instead of `response`: a 5xx, a page, a redirect to `elsewhere`; the response itself
// for the faults that spoil only its transport.
httpd::Response spoilt(httpd::Response response, const FaultDecision& decision,
                       const std::string& elsewhere);

// Sends it by `fault`: cut, trickling over `slow`, with a wrong length, or not at all. Lets go of
// `flight` just before the last piece leaves: a client that has its answer is never still counted.
void deliver(httpd::Server& server, httpd::Responder responder, httpd::Response response,
             const FaultDecision& decision, std::chrono::milliseconds slow,
             std::shared_ptr<void> flight);

}  // namespace gantry::sandbox
