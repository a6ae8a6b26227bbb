#include "gantry/cli/listen_address.hpp"

#include <charconv>

#include <fmt/format.h>

#include "gantry/base/error.hpp"

namespace gantry::cli {

ListenAddress read_listen_address(const std::string& text, std::string_view flag) {
  std::size_t colon = text.rfind(':');
  std::string host = colon == std::string::npos ? "127.0.0.1" : text.substr(0, colon);
  std::string port = colon == std::string::npos ? text : text.substr(colon + 1);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  ListenAddress address{host == "localhost" ? "127.0.0.1" : host};
  const char* end = port.data() + port.size();
  auto [stop, error] = std::from_chars(port.data(), end, address.port);
  if (error != std::errc() || stop != end) {
    throw Error(ErrorCode::kUsage,
                fmt::format("{} wants HOST:PORT such as 127.0.0.1:8080, not '{}'", flag, text));
  }
  return address;
}

}  // namespace gantry::cli
