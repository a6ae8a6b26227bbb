#include "gantry/httpd/parser_limits.hpp"

#include <cstdint>
#include <exception>
#include <string>

namespace gantry::httpd {
namespace {

using Context = restinio::impl::http_parser_ctx_t;

// No client can send a header of this name.
constexpr const char* kRefused = ":refused";

Context& context_of(http_parser* parser) { return *static_cast<Context*>(parser->data); }

int refuse(http_parser* parser, int status) {
  auto& context = context_of(parser);
  try {
    context.m_header = restinio::http_request_header_t{};
    context.m_header.add_field(kRefused, std::to_string(status));
    context.m_body = {};
    context.m_current_field_name.clear();
    context.m_last_was_value = true;
    parser->upgrade = 0;  // which would be handled in another way
    return restinio::impl::restinio_message_complete_cb<Methods>(parser);
  } catch (const std::exception&) {
    return -1;
  }
}

// The limit of one field is that of all.
bool is_head_too_large(const Context& context) {
  std::size_t size = context.m_current_field_name.size();
  const auto add = [&](const auto& field) { size += field.name().size() + field.value().size(); };
  context.m_header.for_each_field(add);
  context.m_chunked_info_block.m_trailing_fields.for_each_field(add);
  return size > context.m_limits.max_field_value_size();
}

int on_target(http_parser* parser, const char* data, std::size_t size) {
  const auto& context = context_of(parser);
  if (context.m_header.request_target().size() + size > context.m_limits.max_url_size()) {
    return refuse(parser, 414);
  }
  return restinio::impl::restinio_url_cb(parser, data, size);
}

int on_field(http_parser* parser, const char* data, std::size_t size) {
  const auto& context = context_of(parser);
  const bool is_new = context.m_last_was_value;
  if ((is_new && context.m_total_field_count >= context.m_limits.max_field_count()) ||
      size > context.m_limits.max_field_value_size()) {
    return refuse(parser, 431);
  }
  const int result = restinio::impl::restinio_header_field_cb(parser, data, size);
  return result == 0 && is_head_too_large(context) ? refuse(parser, 431) : result;
}

int on_value(http_parser* parser, const char* data, std::size_t size) {
  const auto& context = context_of(parser);
  if (size >= context.m_limits.max_field_value_size()) return refuse(parser, 431);
  const int result = restinio::impl::restinio_header_value_cb(parser, data, size);
  return result != 0 || is_head_too_large(context) ? refuse(parser, 431) : result;
}

int on_head(http_parser* parser) {
  auto& context = context_of(parser);
  const bool has_length = parser->content_length != UINT64_MAX;
  if (has_length && parser->content_length > context.m_limits.max_body_size()) {
    return refuse(parser, 413);
  }
  context.m_header.http_major(parser->http_major);
  context.m_header.http_minor(parser->http_minor);
  return restinio::impl::restinio_headers_complete_cb(parser);
}

int on_body(http_parser* parser, const char* data, std::size_t size) {
  const auto& context = context_of(parser);
  if (context.m_body.size() + size > context.m_limits.max_body_size()) return refuse(parser, 413);
  return restinio::impl::restinio_body_cb(parser, data, size);
}

}  // namespace

std::optional<int> refused_by_parser(const restinio::http_request_header_t& header) {
  const auto status = header.opt_value_of(restinio::string_view_t(kRefused));
  if (!status) return std::nullopt;
  return std::stoi(std::string(status->data(), status->size()));
}

}  // namespace gantry::httpd

namespace restinio::impl {

template <>
http_parser_settings create_parser_settings<gantry::httpd::Methods>() noexcept {
  auto settings = create_parser_settings<restinio::default_http_methods_t>();
  settings.on_url = gantry::httpd::on_target;
  settings.on_header_field = gantry::httpd::on_field;
  settings.on_header_value = gantry::httpd::on_value;
  settings.on_headers_complete = gantry::httpd::on_head;
  settings.on_body = gantry::httpd::on_body;
  return settings;
}

}  // namespace restinio::impl
