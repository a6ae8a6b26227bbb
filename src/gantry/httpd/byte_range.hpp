// What a request for a part of a body gets (RFC 9110, section 14). Pure; it concerns every body
// whose length and entity tag are known before it is sent.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace gantry::httpd {

struct BodyPart {
  int status = 200;  // 206 for a part, 416 for one that the body does not have
  std::uint64_t offset = 0;
  std::uint64_t length = 0;                    // of the body to send; 0 with 416
  std::optional<std::string> content_range{};  // the header that goes with 206 and 416

  bool operator==(const BodyPart&) const = default;
};

// `range` and `if_range` are the headers of a GET; a HEAD has no range. `etag` is the body's,
// strong and with its quotes.
//
// The whole body is sent, as the standard allows, where a range is malformed or of another unit,
// where several are asked for (no client of large files needs them, and their overlaps are a known
// way to make a server work), and where `if_range` is not exactly the tag: a date is too coarse to
// tell two archives apart.
BodyPart choose_part(std::optional<std::string_view> range,
                     std::optional<std::string_view> if_range, std::string_view etag,
                     std::uint64_t size);

}  // namespace gantry::httpd
