// Where a server of a command listens.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace gantry::cli {

struct ListenAddress {
  std::string host;        // numeric
  std::uint16_t port = 0;  // 0: any
};

// "127.0.0.1:8080", "[::1]:8080" or a port alone, which is on loopback. kUsage, naming the flag.
ListenAddress read_listen_address(const std::string& text, std::string_view flag);

}  // namespace gantry::cli
