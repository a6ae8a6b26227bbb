// JSON for people to read: two spaces, members in their order, numbers without needless exponents.
#pragma once

#include <cstddef>
#include <string>

#include <boost/json/fwd.hpp>

namespace gantry {

// Without a newline at the end. Lines but the first begin with `indent` spaces.
std::string pretty_json(const boost::json::value& value, std::size_t indent = 0);

}  // namespace gantry
