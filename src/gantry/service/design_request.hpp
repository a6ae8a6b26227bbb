// Configurations of exports from Figma that stand in requests: they are data, and name nothing of
// the machine that does the export but places for its output. Pure.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/json/value.hpp>

#include "gantry/httpd/problem.hpp"

namespace gantry::service {

// All that is wrong with a configuration, `pointer` leads to it. The schema is that of files, see
// config::parse(). Beyond that, none of its texts leads out of the folder of its task, and what
// reads files or says how a run behaves (`templatesPath`, `common.cache`, `gantry`) is refused.
// `may_read_file` says which files of Figma are allowed, by their keys.
std::vector<httpd::BodyFault> faults_of_design(
    const boost::json::value& config, const std::string& pointer,
    const std::function<bool(std::string_view file)>& may_read_file);

}  // namespace gantry::service
