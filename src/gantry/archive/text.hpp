// Text and addresses of entities, whatever the format. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "gantry/archive/pi.hpp"

namespace gantry::archive {

// The same text if it is valid UTF-8 of characters that XML 1.0 can hold; each other character, or
// byte that is none, becomes U+FFFD and is counted.
std::string readable(std::string_view text, std::uint64_t& replaced);
// The same for formats that can hold every character.
std::string valid_utf8(std::string_view text, std::uint64_t& replaced);

// At most `most` characters, the note at the end that something is missing included; cut at white
// space where there is some near. `is_cut` tells whether it was. `most` is 100 or more.
std::string shortened(std::string_view text, std::size_t most, bool& is_cut);

// Whether it is a date as W3CDTF has it: "1923", "1923-05", "1923-05-17", or one with a time.
bool is_w3c_date(std::string_view text);

// Whether it is an http or https address of plain characters.
bool is_web_address(std::string_view text);

// Public addresses.
std::string page_of(const Pi& pi);         // for people
std::string entity_address(const Pi& pi);  // the API's answer
std::string gateway_address(std::string_view cid);
std::string content_address(std::string_view cid);  // the same bytes, by the API

}  // namespace gantry::archive
