#include "gantry/net/curl_transfer.hpp"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <new>
#include <utility>

#include <sys/socket.h>

#include "gantry/net/host_gate.hpp"

namespace gantry::net {
namespace {

// Of all heads of one answer, interim ones included.
constexpr std::size_t kMostHeadBytes = 256 * 1024;

template <class Value>
void set(CURL* easy, CURLoption option, Value value) {
  if (CURLcode code = curl_easy_setopt(easy, option, value); code != CURLE_OK) {
    throw Error(ErrorCode::kInternal, std::string("libcurl: ") + curl_easy_strerror(code));
  }
}

std::string_view trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\r' || text.back() == '\n')) {
    text.remove_suffix(1);
  }
  return text;
}

// A line break in a request would begin a header, or a request, that nobody asked for.
void check_line(std::string_view text, const std::string& what) {
  if (text.find_first_of(std::string_view("\r\n\0", 3)) != std::string_view::npos) {
    throw Error(ErrorCode::kUsage, what + " has a line break");
  }
}

}  // namespace

void prepare_handle(CURL* easy, const TransferSettings& settings) {
  set(easy, CURLOPT_PROTOCOLS_STR, "http,https");
  set(easy, CURLOPT_FOLLOWLOCATION, 0L);
  set(easy, CURLOPT_NOSIGNAL, 1L);
  // Removing a handle that still resolves a name would block the thread for seconds.
  set(easy, CURLOPT_QUICK_EXIT, 1L);
  set(easy, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_2TLS));
  set(easy, CURLOPT_TCP_KEEPALIVE, 1L);
  set(easy, CURLOPT_ACCEPT_ENCODING, "");
  set(easy, CURLOPT_USERAGENT, settings.user_agent.c_str());
  if (!settings.certificates.empty()) set(easy, CURLOPT_CAINFO, settings.certificates.c_str());
  set(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
}

CurlTransfer::CurlTransfer(CURL* easy, HttpRequest request, const async::Clock& clock,
                           const TransferSettings& settings)
    : easy_(easy),
      request_(std::move(request)),
      clock_(clock),
      settings_(settings),
      is_https_(origin_of(request_.url).starts_with("https://")),
      begun_(clock_.now()) {
  set_options();
}

void CurlTransfer::set_options() {
  set(easy_, CURLOPT_URL, request_.url.c_str());
  // Without TLS only the first answer tells whether a connection can be shared.
  set(easy_, CURLOPT_PIPEWAIT, is_https_ ? 1L : 0L);
  set(easy_, CURLOPT_HEADERFUNCTION, &CurlTransfer::on_header);
  set(easy_, CURLOPT_HEADERDATA, this);
  set(easy_, CURLOPT_WRITEFUNCTION, &CurlTransfer::on_body);
  set(easy_, CURLOPT_WRITEDATA, this);
  set(easy_, CURLOPT_PREREQFUNCTION, &CurlTransfer::on_departure);
  set(easy_, CURLOPT_PREREQDATA, this);
  set(easy_, CURLOPT_OPENSOCKETFUNCTION, &CurlTransfer::on_socket);
  set(easy_, CURLOPT_OPENSOCKETDATA, this);
  const char* direct = settings_.egress.goes_direct(request_.url) ? "*" : nullptr;
  set(easy_, CURLOPT_NOPROXY, direct);
  set_method();
  set_headers();
  set_limits();
}

bool CurlTransfer::is_plain() const {
  return request_.method == "GET" && request_.body.empty() && header_list_ == nullptr;
}

void CurlTransfer::set_method() {
  check_line(request_.method, "the method of a request");
  if (request_.method == "HEAD") {
    set(easy_, CURLOPT_NOBODY, 1L);
  } else if (request_.method != "GET") {
    set(easy_, CURLOPT_CUSTOMREQUEST, request_.method.c_str());
  }
  if (!request_.body.empty()) {
    set(easy_, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request_.body.size()));
    set(easy_, CURLOPT_POSTFIELDS, request_.body.data());
  }
}

void CurlTransfer::set_headers() {
  std::vector<Header> headers = request_.headers;
  if (request_.credential) {
    headers.emplace_back(request_.credential->header, request_.credential->value.reveal());
  }
  for (const Header& header : headers) {
    check_line(header.first, "the name of a header");
    check_line(header.second, "the value of header " + header.first);
    std::string line = header.first + ": " + header.second;
    curl_slist* longer = curl_slist_append(header_list_.get(), line.c_str());
    if (longer == nullptr) throw std::bad_alloc();
    static_cast<void>(header_list_.release());
    header_list_.reset(longer);
  }
  if (header_list_ != nullptr) set(easy_, CURLOPT_HTTPHEADER, header_list_.get());
}

void CurlTransfer::set_limits() {
  const TransferLimits& limits = request_.limits;
  set(easy_, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(limits.connect.count()));
  set(easy_, CURLOPT_TIMEOUT_MS, static_cast<long>(limits.total.count()));
  set(easy_, CURLOPT_LOW_SPEED_TIME, static_cast<long>(limits.slow_window.count()));
  set(easy_, CURLOPT_LOW_SPEED_LIMIT, static_cast<long>(limits.slow_bytes_per_second));
}

void CurlTransfer::receive_header(std::string_view line) {
  head_bytes_ += line.size();
  if (head_bytes_ > kMostHeadBytes) {
    throw Error(ErrorCode::kTooLarge, shown_url(request_.url) + " sends headers without end");
  }
  line = trim(line);
  if (line.starts_with("HTTP/")) {
    // A new head, after an interim answer.
    response_.headers.clear();
    std::size_t space = line.find(' ');
    std::string_view status = space == std::string_view::npos ? "" : line.substr(space + 1, 3);
    std::from_chars(status.data(), status.data() + status.size(), response_.status);
    return;
  }
  if (!line.empty()) {
    std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) return;
    response_.headers.emplace_back(line.substr(0, colon), trim(line.substr(colon + 1)));
    return;
  }
  if (response_.status == 429 && request_.gate != nullptr) {
    auto pause = rate_limit_pause(response_.headers, clock_.wall_now());
    request_.gate->close_until(clock_.now() + pause);
  }
}

void CurlTransfer::receive_body(std::string_view bytes) {
  received_ += bytes.size();
  if (received_ > request_.limits.body_bytes) {
    throw Error(ErrorCode::kTooLarge, shown_url(request_.url) + " sends more than " +
                                          std::to_string(request_.limits.body_bytes) + " bytes");
  }
  if (file_ == nullptr && received_ <= request_.limits.memory_bytes) {
    if (bytes_.empty()) reserve();
    bytes_.append(bytes);
    return;
  }
  if (file_ == nullptr) {
    std::filesystem::path folder = request_.spill_folder;
    if (folder.empty()) folder = std::filesystem::temp_directory_path();
    file_ = TemporaryFile::create(folder, ".gantry-body-");
    hash_.emplace();
    hash_->update(bytes_);
    file_->append(bytes_);
    bytes_.clear();
  }
  hash_->update(bytes);
  file_->append(bytes);
}

void CurlTransfer::reserve() {
  // What a server declares is believed up to a point only.
  constexpr std::uint64_t kMostReserved = 64 << 20;
  curl_off_t declared = 0;
  curl_easy_getinfo(easy_, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &declared);
  auto most = std::min<std::uint64_t>(kMostReserved, request_.limits.memory_bytes);
  auto wanted = static_cast<std::uint64_t>(std::max<curl_off_t>(declared, 0));
  bytes_.reserve(std::min(wanted, most));
}

bool CurlTransfer::is_overdue() const {
  const TransferLimits& limits = request_.limits;
  async::Duration spent = clock_.now() - begun_;
  return (limits.total.count() > 0 && spent > limits.total) ||
         (limits.connect.count() > 0 && spent > limits.connect && !departed_);
}

Outcome<HttpResponse> CurlTransfer::finish(CURLcode result) {
  // One address of a host may be refused and the next one serve.
  if (result != CURLE_OK) return tl::unexpected(failure_ ? *failure_ : failure_of(result));
  response_.answered = clock_.now();
  if (file_ != nullptr) {
    file_->close();
    response_.body = Blob::from_file(std::move(file_), received_, hash_->finish());
  } else {
    response_.body = Blob::from_bytes(std::move(bytes_));
  }
  return std::move(response_);
}

Error CurlTransfer::failure_of(CURLcode result) const {
  std::string where = shown_url(request_.url);
  if (held_back_) {
    return Error(ErrorCode::kRateLimited, where + ": held back by a pause")
        .with(Retry::kSameRequest);
  }
  std::string what = where + ": " + curl_easy_strerror(result);
  switch (result) {
    case CURLE_OPERATION_TIMEDOUT:
      return Error(ErrorCode::kTimeout, where + ": no answer in time (" +
                                            (departed_ ? "connected" : "not connected") + ")")
          .with(Retry::kSameRequest);
    case CURLE_ABORTED_BY_CALLBACK:  // it would have left a second time
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
    case CURLE_COULDNT_CONNECT:
    case CURLE_PARTIAL_FILE:
    case CURLE_GOT_NOTHING:
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
    case CURLE_HTTP2:
    case CURLE_HTTP2_STREAM:
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_BAD_CONTENT_ENCODING:
    case CURLE_WEIRD_SERVER_REPLY:
      return Error(ErrorCode::kNetwork, what).with(Retry::kSameRequest);
    case CURLE_UNSUPPORTED_PROTOCOL:
      if (departed_) return Error(ErrorCode::kNetwork, where + ": the answer is not HTTP");
      [[fallthrough]];
    case CURLE_URL_MALFORMAT:
      return Error(ErrorCode::kUsage, what);
    default:
      return Error(ErrorCode::kNetwork, what);
  }
}

std::size_t CurlTransfer::on_header(char* data, std::size_t size, std::size_t count,
                                    void* self) noexcept {
  auto& transfer = *static_cast<CurlTransfer*>(self);
  try {
    transfer.receive_header(std::string_view(data, size * count));
  } catch (...) {
    transfer.failure_ = current_error();
    return 0;
  }
  return size * count;
}

std::size_t CurlTransfer::on_body(char* data, std::size_t size, std::size_t count,
                                  void* self) noexcept {
  auto& transfer = *static_cast<CurlTransfer*>(self);
  try {
    transfer.receive_body(std::string_view(data, size * count));
  } catch (...) {
    transfer.failure_ = current_error();
    return 0;
  }
  return size * count;
}

// curl repeats a request by itself if a kept connection turns out to be closed. The server may have
// had it all the same: what counts as a call, or changes something, is repeated by the caller only.
bool CurlTransfer::may_leave_again() const {
  return request_.gate == nullptr && (request_.method == "GET" || request_.method == "HEAD");
}

int CurlTransfer::on_departure(void* self, char*, char*, int, int) noexcept {
  auto& transfer = *static_cast<CurlTransfer*>(self);
  async::TimePoint now = transfer.clock_.now();
  if (transfer.departed_ && !transfer.may_leave_again()) return CURL_PREREQFUNC_ABORT;
  if (transfer.request_.gate != nullptr && transfer.request_.gate->is_closed(now)) {
    transfer.held_back_ = true;
    return CURL_PREREQFUNC_ABORT;
  }
  transfer.departed_ = true;
  transfer.response_.departed = now;
  return CURL_PREREQFUNC_OK;
}

curl_socket_t CurlTransfer::on_socket(void* self, curlsocktype, curl_sockaddr* address) noexcept {
  auto& transfer = *static_cast<CurlTransfer*>(self);
  if (!transfer.settings_.egress.allows(transfer.request_.url, address->addr)) {
    transfer.failure_ =
        Error(ErrorCode::kUnsafe, shown_url(transfer.request_.url) +
                                      " is refused: its host is at " + address_text(address->addr));
    return CURL_SOCKET_BAD;
  }
  return ::socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

}  // namespace gantry::net
