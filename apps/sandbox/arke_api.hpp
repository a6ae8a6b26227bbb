// The simulated archive over HTTP: its API, its gateway and its graph, all on the sandbox's port.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "gantry/httpd/message.hpp"

#include "apps/sandbox/arke_tree.hpp"

namespace gantry::sandbox {

enum class ArkeEndpoint { kEntity, kContent, kGraph };

// A request that belongs to the archive, and what it asks for: an identifier, a CID, or the body.
struct ArkeCall {
  ArkeEndpoint endpoint;
  std::string subject;

  bool is_content() const { return endpoint == ArkeEndpoint::kContent; }
};

// "GET /entities/:pi"
std::string_view name_of(ArkeEndpoint endpoint);
std::optional<ArkeCall> find_arke_call(const httpd::Request& request);

// Any thread.
httpd::Response answer_arke(ArkeTree& tree, const ArkeCall& call);
httpd::Response arke_too_many_calls(int retry_after);

}  // namespace gantry::sandbox
