// Which part of a body a request wants (RFC 9110, section 14). Pure.
#pragma once

#include <cstdint>
#include <string_view>
#include <variant>

#include "gantry/httpd/message.hpp"

namespace gantry::httpd {

struct WholeBody {};
// Answered with 206 and "Content-Range: bytes first-last/size".
struct ByteRange {
  std::uint64_t first = 0;
  std::uint64_t last = 0;  // inclusive
  std::uint64_t size() const { return last - first + 1; }
};
// Answered with 416 and "Content-Range: bytes */size".
struct UnsatisfiableRange {};

using RangeChoice = std::variant<WholeBody, ByteRange, UnsatisfiableRange>;

// `etag` is that of the body, with its quotes. The whole body is right where the header is
// malformed, asks for several ranges, or If-Range names another state of the body.
RangeChoice choose_range(const Request& request, std::uint64_t size, std::string_view etag);

}  // namespace gantry::httpd
