// JSON for people to read: two spaces, members in their order, numbers without needless exponents.
#pragma once

#include <string>

#include <boost/json/fwd.hpp>

namespace gantry::config {

// Ends in a newline.
std::string pretty_json(const boost::json::value& value);

}  // namespace gantry::config
