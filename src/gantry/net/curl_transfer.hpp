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

// What all transfers of a transport have in common.
struct TransferSettings {
  EgressPolicy egress;
  std::string user_agent;
  std::string certificates;  // a file of those to trust; empty: the system's
};

// Sets what is the same for all transfers, once for each handle.
void prepare_handle(CURL* easy, const TransferSettings& settings);

class CurlTransfer {
 public:
  // `easy` is borrowed and prepared; plain transfers may have used it before. `settings` outlive
  // the transfer.
  CurlTransfer(CURL* easy, HttpRequest request, const async::Clock& clock,
               const TransferSettings& settings);
  CurlTransfer(const CurlTransfer&) = delete;
  CurlTransfer& operator=(const CurlTransfer&) = delete;

  CURL* easy() const { return easy_; }
  // Whether the next transfer on the handle replaces all options that this one has set.
  bool is_plain() const;
  // Whether it should have ended by now. curl does not look at the time of a transfer that waits
  // for the connection which another one is opening.
  bool is_overdue() const;
  // The answer or what went wrong, once curl is done with the handle. Call once.
  Outcome<HttpResponse> finish(CURLcode result);

 private:
  void set_options();
  void set_method();
  void set_headers();
  void set_limits();
  bool may_leave_again() const;
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
  const TransferSettings& settings_;
  const bool is_https_;
  const async::TimePoint begun_;
  std::unique_ptr<curl_slist, decltype(&curl_slist_free_all)> header_list_{nullptr,
                                                                           &curl_slist_free_all};
  HttpResponse response_;
  std::string bytes_;
  std::shared_ptr<TemporaryFile> file_;
  std::optional<Sha256> hash_;
  std::uint64_t received_ = 0;
  std::size_t head_bytes_ = 0;
  bool departed_ = false;
  bool held_back_ = false;        // the gate closed before the request left
  std::optional<Error> failure_;  // what a callback found, for curl knows codes only
};

}  // namespace gantry::net
