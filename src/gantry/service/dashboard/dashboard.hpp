// The dashboard: a page at "/" that shows what the service does and lets people start, cancel,
// retry and download batches. It is part of the program and asks only the API of the server it
// comes from.
#pragma once

#include "gantry/httpd/router.hpp"

namespace gantry::service {

// Adds GET of "/" and of the page's parts below "/dashboard/", with a policy under which nothing
// else is loaded or run. They hold no data and need no key.
void add_dashboard(httpd::Router& router);

}  // namespace gantry::service
