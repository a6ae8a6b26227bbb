// Refuses requests that are too large in their midst. RESTinio would close the connection without a
// word; here the parser is told that the request is complete, and the handler finds the status of
// the refusal in it. For the sources of this layer only, as it includes RESTinio.
#pragma once

#include <optional>

#include <restinio/all.hpp>

namespace gantry::httpd {

// RESTinio's methods under another name, which picks the callbacks of this header for the parser.
struct Methods {
  static constexpr restinio::http_method_id_t from_nodejs(int value) noexcept {
    return restinio::default_http_methods_t::from_nodejs(value);
  }
};

// 413, 414 or 431 if the request was refused by the parser; nothing else in it is of use then.
std::optional<int> refused_by_parser(const restinio::http_request_header_t& header);

}  // namespace gantry::httpd

namespace restinio::impl {

template <>
http_parser_settings create_parser_settings<gantry::httpd::Methods>() noexcept;

}  // namespace restinio::impl
