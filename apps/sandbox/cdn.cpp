#include "apps/sandbox/cdn.hpp"

#include <charconv>
#include <vector>

#include <boost/url/encode.hpp>
#include <boost/url/rfc/pchars.hpp>
#include <fmt/format.h>

#include "apps/sandbox/random.hpp"

namespace gantry::sandbox {
namespace {

constexpr std::string_view kPrefix = "/cdn/";
constexpr std::uint64_t kSigningSeed = 0x5a9d;

std::string signature(std::string_view path, std::int64_t expires) {
  const auto hash = hash_text(path, kSigningSeed + static_cast<std::uint64_t>(expires));
  return fmt::format("{:016x}{:016x}", hash, mix(hash));
}

httpd::Response refusal(int status, std::string_view code, std::string_view message) {
  return {status,
          {{"Content-Type", "application/xml"}},
          fmt::format("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{}</Code>"
                      "<Message>{}</Message><RequestId>SANDBOX</RequestId></Error>",
                      code, message)};
}

std::string_view content_type(std::string_view path) {
  if (path.find("/png/") != std::string_view::npos) return "image/png";
  if (path.find("/jpg/") != std::string_view::npos) return "image/jpeg";
  if (path.find("/pdf/") != std::string_view::npos) return "application/pdf";
  return "image/svg+xml";
}

std::vector<std::string_view> split(std::string_view text) {
  std::vector<std::string_view> parts;
  for (std::size_t start = 0; start <= text.size();) {
    const auto end = std::min(text.find('/', start), text.size());
    parts.push_back(text.substr(start, end - start));
    start = end + 1;
  }
  return parts;
}

std::string render(const Component& component, std::string_view format, double scale) {
  const auto& drawing = component.drawing;
  if (format == "png") return draw_png(drawing, scale);
  if (format == "jpg") return draw_jpg(drawing, component.node_id, scale);
  if (format == "pdf") return draw_pdf(drawing, component.node_id);
  return draw_svg(drawing, component.node_id);
}

}  // namespace

bool carries_credential(const httpd::Request& request) {
  return request.header("X-Figma-Token").has_value() || request.header("Authorization").has_value();
}

std::string Cdn::address(std::string_view base, const File& file, const Component& component,
                         std::string_view format, std::string_view scale, std::int64_t now) const {
  const auto expires = now + url_lifetime_.count();
  const auto path = fmt::format("{}{}/{}/{}/{}/{}", kPrefix, file.key, file.version, format, scale,
                                component.node_id);
  const auto encoded = boost::urls::encode(path, boost::urls::pchars + '/');
  return fmt::format("{}{}?Expires={}&Signature={}", base, encoded, expires,
                     signature(path, expires));
}

httpd::Response Cdn::answer(const httpd::Request& request, std::int64_t now) {
  if (carries_credential(request)) {
    return refusal(400, "InvalidArgument", "Only one auth mechanism allowed");
  }
  const auto text = request.query_value("Expires").value_or("");
  std::int64_t expires = 0;
  std::from_chars(text.data(), text.data() + text.size(), expires);
  if (request.query_value("Signature") != signature(request.path, expires)) {
    return refusal(403, "SignatureDoesNotMatch", "The request signature does not match");
  }
  if (now >= expires) return refusal(403, "AccessDenied", "Request has expired");
  auto bytes = picture(request.path);
  if (!bytes) return refusal(404, "NoSuchKey", "The specified key does not exist.");
  return {200,
          {{"Content-Type", std::string(content_type(request.path))},
           {"Cache-Control", "max-age=31536000"}},
          std::move(bytes)};
}

std::shared_ptr<const std::string> Cdn::picture(const std::string& path) {
  {
    const std::lock_guard lock(mutex_);
    const auto found = pictures_.find(path);
    if (found != pictures_.end()) return found->second;
  }
  const auto parts = split(std::string_view(path).substr(kPrefix.size()));
  if (parts.size() != 5) return nullptr;
  const File* file = design_.find(parts[0]);
  if (file == nullptr) return nullptr;
  const auto index = file->component_index(parts[4]);
  if (!index) return nullptr;
  const auto& component = file->components[*index];
  if (parts[2] == "svg" && component.svg) return component.svg;
  double scale = 1;
  std::from_chars(parts[3].data(), parts[3].data() + parts[3].size(), scale);
  auto bytes = std::make_shared<const std::string>(render(component, parts[2], scale));
  const std::lock_guard lock(mutex_);
  pictures_.emplace(path, bytes);
  return bytes;
}

}  // namespace gantry::sandbox
