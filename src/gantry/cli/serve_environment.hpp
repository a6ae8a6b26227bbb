// What `gantry serve` is told by the variables that tools of Amazon and Fly have in common.
#pragma once

#include <optional>
#include <string>

#include "gantry/service/service.hpp"

namespace gantry::cli {

// Of "s3://BUCKET[/PREFIX]", with address and credentials from AWS_...; nothing for a folder.
// kUsage, naming the variable that is missing.
std::optional<service::ObjectStorage> object_storage(const std::string& place);

// From FLY_... and WORKER_...; with the addresses of the archive for the workers. kUsage.
service::FlyLauncher::Options fly_options();

}  // namespace gantry::cli
