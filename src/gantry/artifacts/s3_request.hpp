// Requests to an object storage that speaks S3, signed with version 4 of its signature. Pure.
//
// libcurl's own signature is not used: 7.88 sends X-Amz-Date twice where the date is given and
// signs a Content-Type that it does not send, so that it cannot be held against published examples.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gantry/async/clock.hpp"
#include "gantry/base/secret.hpp"
#include "gantry/net/http.hpp"

namespace gantry::artifacts {

struct S3Access {
  // "https://ACCOUNT.r2.cloudflarestorage.com"; buckets are the first part of the path.
  std::string endpoint;
  std::string region = "auto";
  std::string access_key_id;
  Secret secret_access_key;
  Secret session_token;  // of temporary credentials; empty: none
};

struct S3Location {
  std::string bucket;
  std::string prefix;  // of every key, "gantry/"; may be empty
};

struct S3Request {
  std::string method = "GET";
  std::string path = "/";                                  // decoded: "/bucket/exports/a b.xml"
  std::vector<std::pair<std::string, std::string>> query;  // decoded, in any order
  std::vector<net::Header> headers;                        // further ones; they are signed
  std::string body;
};

// The request as it is sent at `now`, which must be within a quarter of an hour of the server's
// time. The signature is a credential of the endpoint's origin.
net::HttpRequest signed_request(S3Request request, const S3Access& access, async::WallTime now);

// A URL that lets whoever has it send this one request until `valid` (at most a week) is over, with
// exactly the headers that `request` has and any body.
std::string presigned_url(const S3Request& request, const S3Access& access, async::WallTime now,
                          std::chrono::seconds valid);

}  // namespace gantry::artifacts
