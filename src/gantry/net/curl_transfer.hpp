// One request on one easy handle: its options, its callbacks, its outcome. Curl thread only;
// internal to CurlTransport.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <curl/curl.h>

#include "gantry/async/clock.hpp"
#include "gantry/base/error.hpp"
#include "gantry/net/egress.hpp"
#include "gantry/net/http.hpp"

namespace gantry::net {

class CurlTransfer {
 public:
  // `easy` is borrowed and comes fresh or reset.
  CurlTransfer(CURL* easy, HttpRequest request, const async::Clock& clock,
               const EgressPolicy& egress, const std::string& user_agent);
  ~CurlTransfer();
  CurlTransfer(const CurlTransfer&) = delete;
  CurlTransfer& operator=(const CurlTransfer&) = delete;

  CURL* easy() const { return easy_; }
  // The answer or what went wrong, once curl is done with the handle. Call once.
  Outcome<HttpResponse> finish(CURLcode result);

 private:
  void set_options(const std::string& user_agent);
  void set_method();
  void set_limits();
  void receive_header(std::string_view line);
  void receive_body(std::string_view bytes);
  void reserve();
  Error failure_of(CURLcode result) const;

  static std::size_t on_header(char* data, std::size_t size, std::size_t count,
                               void* self) noexcept;
  static std::size_t on_body(char* data, std::size_t size, std::size_t count, void* self) noexcept;
  static int on_departure(void* self, char* peer, char* local, int peer_port,
                          int local_port) noexcept;
  static curl_socket_t on_socket(void* self, curlsocktype purpose, curl_sockaddr* address) noexcept;

  CURL* easy_;
  HttpRequest request_;
  const async::Clock& clock_;
  const EgressPolicy& egress_;
  curl_slist* header_list_ = nullptr;
  HttpResponse response_;
  std::string bytes_;
  std::shared_ptr<TemporaryFile> file_;
  std::optional<Sha256> hash_;
  std::uint64_t received_ = 0;
  bool departed_ = false;
  bool held_back_ = false;        // the gate closed before the request left
  std::optional<Error> failure_;  // what a callback found, for curl knows codes only
};

}  // namespace gantry::net
