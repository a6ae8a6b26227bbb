#include "gantry/artifacts/s3_request.hpp"

#include <algorithm>

#include <fmt/chrono.h>
#include <fmt/format.h>

#include "gantry/base/hash.hpp"

namespace gantry::artifacts {
namespace {

constexpr std::string_view kAlgorithm = "AWS4-HMAC-SHA256";

std::string percent_encoded(std::string_view text, std::string_view kept) {
  constexpr std::string_view kUnreserved =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
  std::string encoded;
  for (char c : text) {
    if (kUnreserved.find(c) != std::string_view::npos || kept.find(c) != std::string_view::npos) {
      encoded += c;
    } else {
      encoded += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return encoded;
}

// Sorted, and with '=' after a name without a value: as it is signed, and so as it is sent.
std::string encoded_query(const std::vector<std::pair<std::string, std::string>>& query) {
  std::vector<std::string> parts;
  parts.reserve(query.size());
  for (const auto& [name, value] : query) {
    parts.push_back(percent_encoded(name, "") + "=" + percent_encoded(value, ""));
  }
  std::sort(parts.begin(), parts.end());
  return fmt::format("{}", fmt::join(parts, "&"));
}

std::string in_lower_case(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return text;
}

std::string_view bytes_of(const Digest& digest) {
  return {reinterpret_cast<const char*>(digest.bytes.data()), digest.bytes.size()};
}

std::string signature(const S3Access& access, std::string_view day, const std::string& text) {
  Digest key = hmac_sha256("AWS4" + access.secret_access_key.reveal(), day);
  for (std::string_view part : {std::string_view(access.region), std::string_view("s3"),
                                std::string_view("aws4_request")}) {
    key = hmac_sha256(bytes_of(key), part);
  }
  return hmac_sha256(bytes_of(key), text).hex();
}

// The headers as they are signed: in lower case, sorted.
struct SignedHeaders {
  std::string lines;  // "host:...\n"
  std::string names;  // "host;range"
};

SignedHeaders signed_headers(const std::string& origin, const std::vector<net::Header>& headers) {
  std::vector<net::Header> all = {{"host", origin.substr(origin.find("://") + 3)}};
  for (const auto& [name, value] : headers) all.emplace_back(in_lower_case(name), value);
  std::sort(all.begin(), all.end());
  SignedHeaders result;
  for (const auto& [name, value] : all) {
    result.lines += fmt::format("{}:{}\n", name, value);
    result.names += (result.names.empty() ? "" : ";") + name;
  }
  return result;
}

std::string time_text(async::WallTime time) {
  return fmt::format("{:%Y%m%dT%H%M%SZ}", fmt::gmtime(async::WallTime::clock::to_time_t(time)));
}

std::string scope_of(const S3Access& access, std::string_view day) {
  return fmt::format("{}/{}/s3/aws4_request", day, access.region);
}

std::string signature_of(const S3Access& access, const std::string& time,
                         const std::string& canonical) {
  const std::string day = time.substr(0, 8);
  return signature(access, day,
                   fmt::format("{}\n{}\n{}\n{}", kAlgorithm, time, scope_of(access, day),
                               sha256(canonical).hex()));
}

}  // namespace

net::HttpRequest signed_request(S3Request request, const S3Access& access, async::WallTime now) {
  const std::string origin = net::origin_of(access.endpoint);
  const std::string path = percent_encoded(request.path, "/");
  const std::string query = encoded_query(request.query);
  const std::string payload_hash = sha256(request.body).hex();
  const std::string time = time_text(now);

  request.headers.emplace_back("x-amz-content-sha256", payload_hash);
  request.headers.emplace_back("x-amz-date", time);
  if (!access.session_token.empty()) {
    request.headers.emplace_back("x-amz-security-token", access.session_token.reveal());
  }
  const SignedHeaders headers = signed_headers(origin, request.headers);
  const std::string canonical = fmt::format("{}\n{}\n{}\n{}\n{}\n{}", request.method, path, query,
                                            headers.lines, headers.names, payload_hash);

  net::HttpRequest signed_one;
  signed_one.method = std::move(request.method);
  signed_one.url = origin + path + (query.empty() ? "" : "?" + query);
  signed_one.headers = std::move(request.headers);
  signed_one.body = std::move(request.body);
  signed_one.credential = net::Credential{
      "Authorization",
      Secret(fmt::format("{} Credential={}/{}, SignedHeaders={}, Signature={}", kAlgorithm,
                         access.access_key_id, scope_of(access, time.substr(0, 8)), headers.names,
                         signature_of(access, time, canonical))),
      origin};
  return signed_one;
}

std::string presigned_url(const S3Request& request, const S3Access& access, async::WallTime now,
                          std::chrono::seconds valid) {
  const std::string origin = net::origin_of(access.endpoint);
  const std::string path = percent_encoded(request.path, "/");
  const std::string time = time_text(now);
  const SignedHeaders headers = signed_headers(origin, request.headers);
  auto parameters = request.query;
  parameters.emplace_back("X-Amz-Algorithm", kAlgorithm);
  parameters.emplace_back("X-Amz-Credential",
                          access.access_key_id + "/" + scope_of(access, time.substr(0, 8)));
  parameters.emplace_back("X-Amz-Date", time);
  parameters.emplace_back("X-Amz-Expires", std::to_string(valid.count()));
  parameters.emplace_back("X-Amz-SignedHeaders", headers.names);
  if (!access.session_token.empty()) {
    parameters.emplace_back("X-Amz-Security-Token", access.session_token.reveal());
  }
  const std::string query = encoded_query(parameters);
  const std::string canonical = fmt::format("{}\n{}\n{}\n{}\n{}\nUNSIGNED-PAYLOAD", request.method,
                                            path, query, headers.lines, headers.names);
  return fmt::format("{}{}?{}&X-Amz-Signature={}", origin, path, query,
                     signature_of(access, time, canonical));
}

}  // namespace gantry::artifacts
