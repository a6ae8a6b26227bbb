// Signed calls to one bucket, and what its refusals mean.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include <pugixml.hpp>

#include "gantry/artifacts/s3_request.hpp"
#include "gantry/async/awaitable.hpp"
#include "gantry/base/error.hpp"
#include "gantry/net/client.hpp"

namespace gantry::artifacts {

// Io thread.
class S3Bucket {
 public:
  S3Bucket(net::Admission& admission, net::Client& client, async::Clock& clock, S3Access access,
           S3Location location);

  const S3Location& location() const { return location_; }

  // A request about the artifact of this key, or about the bucket. kUnsafe.
  S3Request request_for(std::string method, const std::string& key) const;
  S3Request request_for_list() const;

  // The answer, whatever its status. Signs with the server's time if its clock is another.
  async::awaitable<net::HttpResponse> send(S3Request request, net::CallOptions options);
  async::awaitable<net::HttpResponse> send(S3Request request);

  // See presigned_url(); by the server's time.
  std::string presigned(const S3Request& request, std::chrono::seconds valid) const {
    return presigned_url(request, access_, clock_.wall_now() + ahead_, valid);
  }

  // What to throw for an answer that is none of those that were expected. `what` was tried.
  Error refusal(const net::HttpResponse& response, std::string_view what) const;

 private:
  bool learn_time(const net::HttpResponse& response);

  net::Client& client_;
  async::Clock& clock_;
  const S3Access access_;
  const S3Location location_;
  net::TicketRequest ticket_;
  // What the server's clock is ahead of ours.
  std::chrono::seconds ahead_{0};
};

// Empty if the body is no XML: what it says is judged by its elements.
pugi::xml_document parse_xml(const Blob& body);
// "NoSuchKey", or nothing: what else a server tells is its own business.
std::string error_code(const net::HttpResponse& response);

}  // namespace gantry::artifacts
