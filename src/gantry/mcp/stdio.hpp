// The transport for programs that start the server themselves: a message a line on standard input,
// and on standard output. Io thread.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

#include "gantry/mcp/server.hpp"

namespace gantry::mcp {

inline constexpr std::size_t kLongestLine = 4UL * 1024 * 1024;

// Cuts what arrives into lines. Pure.
class LineCutter {
 public:
  // Each whole line, without its end and not empty; nothing for one that is too long, whose rest is
  // thrown away.
  using OnLine = std::function<void(std::optional<std::string_view> line)>;
  void feed(std::string_view bytes, const OnLine& on_line);

 private:
  std::string line_;
  bool is_too_long_ = false;
};

// Serves until the input ends and what was asked is answered, for which there are ten seconds, or
// until nobody reads the output. `input` and `output` are file descriptors and stay open.
async::awaitable<void> serve_stdio(Server& server, async::Clock& clock, int input, int output);

}  // namespace gantry::mcp
