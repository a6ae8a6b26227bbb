// Sends an answer as it is, or spoilt by a fault.
#pragma once

#include <chrono>
#include <functional>
#include <string>

#include "gantry/httpd/server.hpp"

#include "apps/sandbox/faults.hpp"

namespace gantry::sandbox {

// What leaves instead of `response`: a 5xx, a page, a redirect to `elsewhere`; the response itself
// for the faults that spoil only its transport.
httpd::Response spoilt(httpd::Response response, const FaultDecision& decision,
                       const std::string& elsewhere);

// Sends it by `fault`: cut, trickling over `slow`, with a wrong length, or not at all. `written` is
// called as by Responder::send(), and not for a reset.
void deliver(httpd::Server& server, httpd::Responder responder, httpd::Response response,
             const FaultDecision& decision, std::chrono::milliseconds slow, httpd::Written written);

}  // namespace gantry::sandbox
